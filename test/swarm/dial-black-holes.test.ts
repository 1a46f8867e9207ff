/** What the worker tells the black-hole detector. @source go-libp2p swarm, DIAL-7 (5), BH-7, BH-8 */
import { BlackHoles } from '../../src/swarm/black-hole.js';
import { connects, dialBench, fails, hangs, type Fate } from '../support/dial-bench.js';

const UDP = '/ip4/1.1.1.1/udp/1/quic-v1';
const TCP = '/ip4/1.1.1.1/tcp/1';

/** What became of the counter of UDP, whose last result alone decides. */
function counted(fate: Fate): { readonly changes: string[]; readonly bench: ReturnType<typeof dialBench> } {
  const changes: string[] = [];
  const blackHoles = new BlackHoles({ udp: { n: 1, min: 1 }, ipv6: false }, (_name, state) =>
    changes.push(state),
  );
  return { changes, bench: dialBench({ [UDP]: fate, [TCP]: connects(20) }, { blackHoles }) };
}

describe('the black-hole detector hears of a dial', () => {
  it.each([
    ['that connected', connects(10), 'allowed'],
    ['that connected at once', connects(0), 'allowed'],
    ['that failed', fails(10), 'blocked'],
    ['that hung until its time was up', hangs, 'blocked'],
  ])('%s, once', (_what, fate, state) => {
    const { changes, bench } = counted(fate);
    bench.dial([UDP]);
    bench.advance(20_000);
    expect(changes).toEqual([state]);
  });

  it('BH-8: that was given up, as of a failure', () => {
    const { changes, bench } = counted(hangs);
    bench.dial([UDP, TCP]);
    bench.advance(20);
    expect(changes).toEqual(['blocked']);
  });

  it('DIAL-7: and not of one that still waited for its turn', () => {
    const { changes, bench } = counted(hangs);
    const many = Array.from({ length: 8 }, (_, at) => `/ip4/9.9.9.9/tcp/${String(at + 1)}`);
    const caller = bench.dial([...many, UDP]);
    bench.advance(10);
    caller.leave();
    expect(changes).toEqual([]);
  });
});
