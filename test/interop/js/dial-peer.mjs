// The side that dials in the dialer's benchmark, with js-libp2p as npm has it. Node 20 needs polyfill.cjs.
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { runDialer } from '../../../bench/dial-scenarios.mjs';

runDialer(async () => {
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  let dials = 0;
  let order = [];
  const onProgress = ({ type, detail }) => {
    if (type === 'tcp:open-connection') dials += 1;
    if (type === 'dial-queue:calculated-addresses') order = detail.map((entry) => String(entry.multiaddr));
  };
  return {
    dial: async (addrs) => {
      const { remotePeer, remoteAddr } = await node.dial(
        addrs.map((addr) => multiaddr(addr)),
        { onProgress },
      );
      return { peer: String(remotePeer), addr: String(remoteAddr) };
    },
    facts: () => ({ dials, order }),
    stop: () => node.stop(),
  };
});
