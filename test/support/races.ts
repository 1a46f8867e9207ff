/** Races whose timelines are known: tests assert them, and the guide draws them. @source go-libp2p swarm, WORK-20 to WORK-24 */
import { defaultStrategy, happyEyeballs, type DialStrategy } from '../../src/index.js';
import { simulateDial } from '../../src/testing.js';

export interface Race {
  /** What happens, in one sentence. */
  readonly says: string;
  readonly strategy: DialStrategy;
  readonly network: Parameters<typeof simulateDial>[1];
  /** When each attempt starts, ms. */
  readonly startsMs: readonly number[];
}

const QUIC = '/ip4/1.2.3.4/udp/4001/quic-v1';
const TCP = '/ip4/1.2.3.4/tcp/4001';
const TCP_TOO = '/ip4/1.2.3.4/tcp/4002';
const WEBRTC = '/ip4/1.2.3.4/udp/4001/webrtc-direct';
const strategy = defaultStrategy();

export const RACES: Readonly<Record<string, Race>> = {
  'WORK-20': {
    says: 'QUIC is refused after 100 ms. Nothing is in flight then, so TCP starts at once, before its 250 ms.',
    strategy,
    network: { addrs: { [QUIC]: { refuseMs: 100 }, [TCP]: { connectMs: 60 } } },
    startsMs: [0, 100],
  },
  'WORK-21': {
    says: 'QUIC connects after 200 ms. TCP would have started at 250 ms, and never does.',
    strategy,
    network: { addrs: { [QUIC]: { connectMs: 200 }, [TCP]: { connectMs: 60 } } },
    startsMs: [0],
  },
  'WORK-22': {
    says: 'QUIC is silent. TCP joins after 250 ms and wins; QUIC is cancelled.',
    strategy,
    network: { addrs: { [QUIC]: { hangs: true }, [TCP]: { connectMs: 60 } } },
    startsMs: [0, 250],
  },
  'WORK-23': {
    says: 'A socket stands after 200 ms, and its handshake stalls. The next address waits 250 ms longer, until 450 ms.',
    strategy,
    network: { addrs: { [TCP]: { stallMs: 200 }, [TCP_TOO]: { hangs: true }, [WEBRTC]: { connectMs: 60 } } },
    startsMs: [0, 450, 1250],
  },
  'WORK-24': {
    says: 'The only address is ranked at one second. Nothing is in flight, so it starts at once.',
    strategy,
    network: { addrs: { [WEBRTC]: { connectMs: 60 } } },
    startsMs: [0],
  },
  'late-name': {
    says: 'An address is known, and a name answers after 300 ms. Dialing does not wait for it; its answer joins the race.',
    strategy,
    network: {
      addrs: { [TCP]: { connectMs: 900 }, '/dns4/peer.example.org/tcp/4001': { connectMs: 50 } },
      names: { 'peer.example.org': { afterMs: 300, answers: ['5.6.7.8'] } },
    },
    startsMs: [0, 300],
  },
  impatient: {
    says: 'The same silent QUIC under `happyEyeballs({ publicMs: 50 })`: TCP joins after 50 ms.',
    strategy: happyEyeballs({ publicMs: 50 }),
    network: { addrs: { [QUIC]: { hangs: true }, [TCP]: { connectMs: 60 } } },
    startsMs: [0, 50],
  },
};

export function runRace({ strategy: how, network }: Race): ReturnType<typeof simulateDial> {
  return simulateDial(how, network, { seed: 1 });
}
