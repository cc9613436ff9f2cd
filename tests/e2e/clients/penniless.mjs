// Two accounts that own nothing, one with ethers 6 and one with viem 2, deploy and call a contract where gas is free.
// Nothing about fees is said to either library. Arguments: RPC URL, path of a JSON file with {abi, bytecode}.
import { readFileSync } from "node:fs";
import { ContractFactory, JsonRpcProvider, Wallet } from "ethers";
import { createPublicClient, createWalletClient, defineChain, http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const [, , url, artifactPath] = process.argv;
const { abi, bytecode } = JSON.parse(readFileSync(artifactPath, "utf8"));

async function withEthers() {
  const provider = new JsonRpcProvider(url);
  provider.pollingInterval = 100;
  const wallet = new Wallet(Wallet.createRandom().privateKey, provider);
  const token = await new ContractFactory(abi, bytecode, wallet).deploy(1000n);
  await token.waitForDeployment();
  const receipt = await (await token.transfer(Wallet.createRandom().address, 25n)).wait();
  const { gasPrice } = await provider.getFeeData();
  const left = await provider.getBalance(wallet.address);
  provider.destroy();
  return { status: receipt.status, paid: String(receipt.fee), gasPrice: String(gasPrice), left: String(left) };
}

async function withViem() {
  const probe = createPublicClient({ transport: http(url) });
  const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
  const chain = defineChain({ id: await probe.getChainId(), name: "Free", nativeCurrency, rpcUrls: { default: { http: [url] } } });
  const client = createPublicClient({ chain, transport: http(url), pollingInterval: 100 });
  const account = privateKeyToAccount(generatePrivateKey());
  const wallet = createWalletClient({ account, chain, transport: http(url) });
  const deployed = await client.waitForTransactionReceipt({ hash: await wallet.deployContract({ abi, bytecode, args: [1000n] }) });
  const to = privateKeyToAccount(generatePrivateKey()).address;
  const hash = await wallet.writeContract({ address: deployed.contractAddress, abi, functionName: "transfer", args: [to, 25n] });
  const receipt = await client.waitForTransactionReceipt({ hash });
  const paid = receipt.gasUsed * receipt.effectiveGasPrice;
  const left = await client.getBalance({ address: account.address });
  return { status: Number(receipt.status === "success"), paid: String(paid), gasPrice: String(await client.getGasPrice()), left: String(left) };
}

console.log(JSON.stringify({ ethers: await withEthers(), viem: await withViem() }));
