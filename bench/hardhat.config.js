// Hardhat wants a project with a configuration file; the network's settings come from bench/peers/hardhat.py.
const fs = require("fs");

module.exports = {
  solidity: "0.8.28",
  networks: { hardhat: JSON.parse(fs.readFileSync(process.env.BENCH_HARDHAT_NETWORK)) },
};
