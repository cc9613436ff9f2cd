// Drives a node with viem 2, unmodified: connect, deploy, send, wait, read logs. Prints one JSON object.
// Arguments: RPC URL, WebSocket URL, private key, path of a JSON file with {abi, bytecode}.
import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, defineChain, http, parseEther, webSocket } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const [, , url, wsUrl, key, artifactPath] = process.argv;
const { abi, bytecode } = JSON.parse(readFileSync(artifactPath, "utf8"));
const probe = createPublicClient({ transport: http(url) });
const chain = defineChain({
  id: await probe.getChainId(),
  name: "Tombolo",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const client = createPublicClient({ chain, transport: http(url), pollingInterval: 100 });
const account = privateKeyToAccount(key);
const wallet = createWalletClient({ account, chain, transport: http(url) });

const socketClient = createPublicClient({ chain, transport: webSocket(wsUrl) });
const heads = [];
const unwatch = socketClient.watchBlockNumber({ onBlockNumber: (number) => heads.push(number) });

const deployment = await client.waitForTransactionReceipt({
  hash: await wallet.deployContract({ abi, bytecode, args: [parseEther("1000")] }),
});
const address = deployment.contractAddress;
const receiver = privateKeyToAccount(generatePrivateKey()).address;
const transfer = await client.waitForTransactionReceipt({
  hash: await wallet.writeContract({ address, abi, functionName: "transfer", args: [receiver, parseEther("25")] }),
});
await client.waitForTransactionReceipt({
  hash: await wallet.sendTransaction({ to: receiver, value: parseEther("1") }),
});
let reverted = "";
try {
  await client.simulateContract({ account, address, abi, functionName: "transfer", args: [receiver, parseEther("100000")] });
} catch (error) {
  reverted = error.cause?.reason ?? String(error);
}
const logs = await client.getContractEvents({ address, abi, eventName: "Transfer", args: { receiver }, fromBlock: 0n });
console.log(
  JSON.stringify({
    chainId: chain.id,
    address,
    receiver,
    transferHash: transfer.transactionHash,
    transferStatus: transfer.status === "success" ? 1 : 0,
    tokenBalance: (await client.readContract({ address, abi, functionName: "balanceOf", args: [receiver] })).toString(),
    balance: (await client.getBalance({ address: receiver })).toString(),
    logs: logs.map((log) => ({ hash: log.transactionHash, value: log.args.value.toString() })),
    reverted,
    sawHeads: heads.length > 0,
  }),
);
unwatch();
process.exit(0);
