// A dispute moves with L1, not with the chain that is disputed: the page asks for itself again each second.

import { soon } from "/web/live.js";

const EVERY_MS = 1000;

setInterval(soon, EVERY_MS);
