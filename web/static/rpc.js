// JSON-RPC to the node that serves this page.

let lastId = 0;

/** One call over HTTP; throws an Error with the node's message, `code` and `data`. */
export async function rpc(method, params = []) {
  const [result] = await rpcBatch([[method, params]]);
  if (result instanceof Error) throw result;
  return result;
}

/** Several calls in one request; a failed one is an Error in its place. */
export async function rpcBatch(calls) {
  if (!calls.length) return [];
  const batch = calls.map(([method, params]) => ({ jsonrpc: "2.0", id: ++lastId, method, params }));
  const response = await fetch("/", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(batch),
  });
  if (!response.ok) throw new Error(`the node answered ${response.status}`);
  const answers = new Map((await response.json()).map((answer) => [answer.id, answer]));
  return batch.map(({ id }) => {
    const answer = answers.get(id);
    if (answer && "result" in answer) return answer.result;
    return Object.assign(new Error(answer?.error?.message ?? "no answer"), answer?.error ?? {});
  });
}

/** Call `onHead` for every new head, for ever; `onState` hears whether the connection stands. */
export function followHeads(onHead, onState) {
  let pause = 500;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/`);
    socket.onopen = () => {
      pause = 500;
      socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }));
      onState(true);
    };
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.method === "eth_subscription") onHead(message.params.result);
    };
    socket.onclose = () => {
      onState(false);
      setTimeout(connect, pause);
      pause = Math.min(2 * pause, 15000);
    };
  };
  connect();
}
