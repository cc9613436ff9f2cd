// Deploys the example token through hardhat's provider and uses it; on a dev chain also what only such a chain can do.
const assert = require("assert");
const fs = require("fs");
const { network } = require("hardhat");
const { Interface } = require(process.env.ETHERS);

const token = JSON.parse(fs.readFileSync(process.env.TOKEN));
const abi = new Interface(token.abi);
const send = (method, params = []) => network.provider.request({ method, params });
const BOB = "0x00000000000000000000000000000000000000b0";

async function mined(hash) {
  for (;;) {
    const receipt = await send("eth_getTransactionReceipt", [hash]);
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function call(to, name, ...args) {
  const data = abi.encodeFunctionData(name, args);
  return abi.decodeFunctionResult(name, await send("eth_call", [{ to, data }, "latest"]))[0];
}

describe("the token", function () {
  let owner, address;

  before(async function () {
    [owner] = await send("eth_accounts");
    const data = token.bytecode + abi.encodeDeploy([1000n]).slice(2);
    const receipt = await mined(await send("eth_sendTransaction", [{ from: owner, data }]));
    assert.equal(receipt.status, "0x1");
    address = receipt.contractAddress;
  });

  it("belongs to its deployer", async function () {
    assert.equal(await call(address, "balanceOf", owner), 1000n);
  });

  it("moves, and says so", async function () {
    const data = abi.encodeFunctionData("transfer", [BOB, 25n]);
    const receipt = await mined(await send("eth_sendTransaction", [{ from: owner, to: address, data }]));
    assert.equal(await call(address, "balanceOf", BOB), 25n);
    const [log] = await send("eth_getLogs", [{ address, fromBlock: receipt.blockNumber }]);
    assert.equal(log.transactionHash, receipt.transactionHash);
  });

  it("refuses with its reason", async function () {
    const data = abi.encodeFunctionData("transfer", [BOB, 10n ** 30n]);
    await assert.rejects(send("eth_call", [{ from: owner, to: address, data }, "latest"]), /token: balance too low/);
  });

  if (process.env.NODE_KEY === undefined) {
    it("goes back to a snapshot", async function () {
      const snapshot = await send("evm_snapshot");
      const data = abi.encodeFunctionData("transfer", [BOB, 500n]);
      await send("eth_sendTransaction", [{ from: owner, to: address, data }]);
      const moved = await call(address, "balanceOf", owner);
      assert.equal(await send("evm_revert", [snapshot]), true);
      assert.equal(await call(address, "balanceOf", owner), moved + 500n);
      assert.equal(await send("evm_revert", [snapshot]), false);
    });

    it("lets anyone be impersonated", async function () {
      await send("hardhat_setBalance", [BOB, "0xde0b6b3a7640000"]);
      await send("hardhat_impersonateAccount", [BOB]);
      const before = await call(address, "balanceOf", owner);
      const data = abi.encodeFunctionData("transfer", [owner, 1n]);
      await mined(await send("eth_sendTransaction", [{ from: BOB, to: address, data }]));
      assert.equal(await call(address, "balanceOf", owner), before + 1n);
      await send("hardhat_stopImpersonatingAccount", [BOB]);
      await assert.rejects(send("eth_sendTransaction", [{ from: BOB, to: address, data }]), /unknown account/);
    });

    it("travels in time", async function () {
      const { timestamp } = await send("eth_getBlockByNumber", ["latest", false]);
      const target = Number(timestamp) + 86400;
      await send("evm_setNextBlockTimestamp", [target]);
      await send("evm_mine");
      assert.equal(Number((await send("eth_getBlockByNumber", ["latest", false])).timestamp), target);
      const number = Number(await send("eth_blockNumber"));
      await send("hardhat_mine", ["0x5", "0x3c"]);
      const newest = await send("eth_getBlockByNumber", ["latest", false]);
      assert.equal(Number(newest.number), number + 5);
      assert.ok(Number(newest.timestamp) >= target + 4 * 60);
    });

    it("has its state edited", async function () {
      const slot = "0x" + "7".padStart(64, "0");
      const word = "0x" + "2a".padStart(64, "0");
      await send("hardhat_setStorageAt", [BOB, "0x7", word]);
      assert.equal(await send("eth_getStorageAt", [BOB, slot, "latest"]), word);
      await send("hardhat_setCode", [BOB, "0x600160005500"]);
      assert.equal(await send("eth_getCode", [BOB, "latest"]), "0x600160005500");
      await send("hardhat_setNonce", [BOB, "0x9"]);
      assert.equal(await send("eth_getTransactionCount", [BOB, "latest"]), "0x9");
    });
  }
});
