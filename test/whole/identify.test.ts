import { firstValueFrom, take, toArray } from 'rxjs';
import { ofType, serve } from '../../src/index.js';
import { simulateNetwork } from '../../src/testing.js';
it('works', async () => {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 100 } });
  const [a, b] = [await net.createHost(), await net.createHost()];
  const seen: unknown[] = [];
  a.event$.subscribe((e) => seen.push(`${String(e.at)} ${JSON.stringify(e)}`));
  await net.runUntil(a.dial(b.addrs));
  await net.advance(2000);
  console.log(seen.join('\n'));
  b.handle('/x/1')
    .pipe(serve((s) => s.pipeTo(s)))
    .subscribe();
  b.handle('/x/2')
    .pipe(serve((s) => s.pipeTo(s)))
    .subscribe();
  seen.length = 0;
  await net.advance(2000);
  console.log(seen.join('\n'));
  seen.length = 0;
  const ms = await net.runUntil(a.services.ping.ping(b.addrs, { count: 3 }).pipe(toArray()));
  console.log(ms, seen.join('\n'));
});
