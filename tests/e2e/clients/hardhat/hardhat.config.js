// A project as a team would have it, against our URL; contracts are compiled already, so that no compiler is fetched.
const accounts = process.env.NODE_KEY === undefined ? "remote" : [process.env.NODE_KEY];

module.exports = {
  solidity: "0.8.28",
  defaultNetwork: "ours",
  networks: { ours: { url: process.env.NODE_URL, accounts } },
  mocha: { timeout: 60000 },
};
