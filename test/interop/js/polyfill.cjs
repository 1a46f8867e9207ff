// js-libp2p 3 asks for what Node 20 lacks.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((a, b) => {
    resolve = a;
    reject = b;
  });
  return { promise, resolve, reject };
};
// Node has it since 22.
globalThis.WebSocket ??= require('ws').WebSocket;
