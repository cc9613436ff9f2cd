// Wallets of this browser (EIP-6963, or the old window.ethereum), and the chains in them.

const UNKNOWN_CHAIN = 4902; // EIP-3085's errors, as wallets give them
const known = new Map(); // by EIP-6963 uuid

export const here = {
  chainId: "0x" + BigInt(document.body.dataset.chainId).toString(16),
  chainName: `Tombolo ${document.body.dataset.chainId}`,
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: [location.origin],
  blockExplorerUrls: [`${location.origin}/explorer`],
};

export const wallets = () => [...known.values()];

/** Call `onWallet(provider, info)` once for each wallet, now and later. */
export function findWallets(onWallet) {
  const announced = ({ info, provider }) => {
    if (known.has(info.uuid)) return;
    known.set(info.uuid, provider);
    onWallet(provider, info);
  };
  window.addEventListener("eip6963:announceProvider", (event) => announced(event.detail));
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  setTimeout(() => {
    if (!known.size && window.ethereum) announced({ info: { uuid: "injected", name: "the injected wallet" }, provider: window.ethereum });
  }, 300);
}

/** A button that connects to a wallet. */
export function walletButton(info, onClick) {
  const button = Object.assign(document.createElement("button"), { type: "button" });
  if (/^data:image\//.test(info.icon ?? "")) button.append(Object.assign(new Image(), { src: info.icon, alt: "" }));
  button.append(`Connect ${info.name}`);
  button.addEventListener("click", onClick);
  return button;
}

/** Switch to a chain, adding it first where the wallet does not know it and we know where it is. */
export async function useChain(provider, chain = here) {
  const wanted = { method: "wallet_switchEthereumChain", params: [{ chainId: chain.chainId }] };
  try {
    await provider.request(wanted);
  } catch (error) {
    const unknown = [error.code, error.data?.originalError?.code].includes(UNKNOWN_CHAIN);
    if (!unknown || !chain.rpcUrls) throw error;
    await provider.request({ method: "wallet_addEthereumChain", params: [chain] });
    await provider.request(wanted);
  }
}

export const refusal = (error) => (error.code === 4001 ? "You said no in the wallet." : `The wallet refused: ${error.message}`);
