// The side that dials, with this package as it is built.
import { lastValueFrom, pipe } from 'rxjs';
import { createHost, defaultFilters, delayRelays, happyEyeballs, resolveAddrs } from 'rx-libp2p';
import { runDialer } from './dial-scenarios.mjs';

const strategies = {
  default: undefined,
  '250 ms': pipe(resolveAddrs(), defaultFilters(), happyEyeballs({ privateMs: 250 }), delayRelays()),
};

runDialer(async ({ strategy }) => {
  const host = await createHost({ listen: [], dial: { strategy: strategies[strategy] } });
  const attempts = [];
  return {
    dial: async (addrs) => {
      // Two callers of one dial: one hears how it goes, the other gets the connection.
      host.dialUpdates(addrs).subscribe(({ type, addr }) => {
        if (type === 'dial:attempt') attempts.push(addr);
      });
      const { remotePeer, remoteAddr } = await lastValueFrom(host.dial(addrs));
      return { peer: String(remotePeer), addr: String(remoteAddr) };
    },
    facts: () => ({ dials: attempts.length, order: attempts }),
    stop: () => host.stop(),
  };
});
