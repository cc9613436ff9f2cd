// Drives a node with ethers 6, unmodified: connect, deploy, send, wait, read logs. Prints one JSON object.
// Arguments: RPC URL, WebSocket URL, private key, path of a JSON file with {abi, bytecode}.
import { readFileSync } from "node:fs";
import { ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider, parseEther } from "ethers";

const [, , url, wsUrl, key, artifactPath] = process.argv;
const { abi, bytecode } = JSON.parse(readFileSync(artifactPath, "utf8"));
const provider = new JsonRpcProvider(url);
provider.pollingInterval = 100;
const wallet = new Wallet(key, provider);
const network = await provider.getNetwork();

const socket = new WebSocketProvider(wsUrl);
const heads = [];
await socket.on("block", (number) => heads.push(number));

const token = await new ContractFactory(abi, bytecode, wallet).deploy(parseEther("1000"));
await token.waitForDeployment();
const receiver = Wallet.createRandom().address;
const transfer = await (await token.transfer(receiver, parseEther("25"))).wait();
const payment = await (await wallet.sendTransaction({ to: receiver, value: parseEther("1") })).wait();
let reverted = "";
try {
  await token.transfer.staticCall(receiver, parseEther("100000"));
} catch (error) {
  reverted = error.reason;
}
const logs = await token.queryFilter(token.filters.Transfer(null, receiver), 0, "latest");
console.log(
  JSON.stringify({
    chainId: Number(network.chainId),
    address: await token.getAddress(),
    receiver,
    transferHash: transfer.hash,
    transferStatus: transfer.status,
    paymentBlock: payment.blockNumber,
    tokenBalance: (await token.balanceOf(receiver)).toString(),
    balance: (await provider.getBalance(receiver)).toString(),
    logs: logs.map((log) => ({ hash: log.transactionHash, value: log.args[2].toString() })),
    reverted,
    sawHeads: heads.length > 0,
  }),
);
await socket.destroy();
provider.destroy();
