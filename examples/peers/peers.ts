/**
 * A live table of peers, streams and protocols, made of `event$` and nothing else. A small world on loopback gives it
 * something to show: two peers come, one of them talks, one leaves.
 *
 *   npm run peers
 *
 * Where the output is no terminal, each table is printed behind the last. `NO_COLOR` is honoured.
 */
import { auditTime, firstValueFrom, lastValueFrom, map, of, scan, timer } from 'rxjs';
import { createHost, serve, type Host } from 'rx-libp2p';
import { draw, follow, NOBODY } from './table.js';

const CHAT = '/chat/1.0.0';
const terminal = process.stdout.isTTY;
/** Time to look at each step, ms. */
const STEP_MS = terminal ? 900 : 200;
const DRAW_MS = 50;

const host = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'], userAgent: 'table' });
host
  .handle(CHAT)
  .pipe(serve((stream) => stream.pipeTo(stream)))
  .subscribe();
host.event$
  .pipe(
    scan(follow, NOBODY),
    auditTime(DRAW_MS),
    map((peers) =>
      draw(peers, process.stdout.columns || 110, terminal && (process.env['NO_COLOR'] ?? '') === ''),
    ),
  )
  .subscribe(show());

/** On a terminal each table takes the place of the last. */
function show(): (table: string) => void {
  let last = '';
  return (table) => {
    if (table === last) return;
    const up = last.split('\n').length;
    process.stdout.write(terminal && last !== '' ? `\u001b[${String(up)}A\u001b[J${table}\n` : `${table}\n`);
    if (!terminal) process.stdout.write('\n');
    last = table;
  };
}

const step = (): Promise<unknown> => firstValueFrom(timer(STEP_MS));
const peer = (userAgent: string): Promise<Host> => createHost({ listen: [], userAgent });

const [anna, bert] = [await peer('anna/1.0'), await peer('bert/2.0')];
await firstValueFrom(anna.dial(host.addrs));
await step();
const stream = await firstValueFrom(bert.newStream(host.addrs, CHAT));
await lastValueFrom(stream.writeFrom(of(new TextEncoder().encode('hello'))), { defaultValue: undefined });
await step();
await firstValueFrom(bert.newStream(host.addrs, CHAT));
await step();
await anna.stop();
await step();
stream.close();
await step();
await bert.stop();
await step();
await host.stop();
