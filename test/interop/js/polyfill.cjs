// js-libp2p 3 asks for what Node 20 lacks.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((a, b) => {
    resolve = a;
    reject = b;
  });
  return { promise, resolve, reject };
};

// The cipher of js-libp2p's private networks keeps two views of one WebAssembly memory: after a large message each growth
// for the one detaches the other's, until the memory may grow no more and the connection ends. Without WebAssembly it takes
// its plain JavaScript.
const { WebAssembly } = globalThis;
delete globalThis.WebAssembly;
require('xsalsa20');
globalThis.WebAssembly = WebAssembly;

// Node has it since 22.
globalThis.WebSocket ??= require('ws').WebSocket;
