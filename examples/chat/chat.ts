/**
 * Chat in the terminal, between any number of peers.
 *
 *   npm run chat -- --name anna                     opens a room and says where it is
 *   npm run chat -- --name bert <address of anna>   enters it; any member's address will do
 *
 * `--listen <multiaddr>` where others are to reach you (loopback, if left out). Ctrl-D leaves.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { filter, fromEvent, share, takeUntil, type Observable } from 'rxjs';
import { createHost } from 'rx-libp2p';
import { bold, cyan, dim } from '../terminal.js';
import { enterRoom, type Said } from './room.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: 'string', default: process.env['USER'] ?? 'somebody' },
    listen: { type: 'string', default: '/ip4/127.0.0.1/tcp/0' },
  },
});

const host = await createHost({ listen: [values.listen] });
const keyboard = createInterface({
  input: process.stdin,
  output: process.stdout.isTTY ? process.stdout : undefined,
  prompt: bold('> '),
});
const left$ = fromEvent(keyboard, 'close');
const typed$ = (fromEvent(keyboard, 'line') as Observable<string>).pipe(
  filter((line) => line.trim() !== ''),
  takeUntil(left$),
  share(),
);

/** Above the line that is being typed, which stays as it is. */
function show(text: string): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  console.log(text);
  if (process.stdout.isTTY) keyboard.prompt(true);
}

function draw(event: Said): string {
  return event.type === 'line'
    ? `${cyan(event.name)}: ${event.text}`
    : dim(`${event.name} ${event.type === 'join' ? 'joined' : 'left'}`);
}

for (const addr of host.addrs) show(dim(`you are ${values.name}, at ${addr.toString()}`));
enterRoom(host, values.name, typed$, positionals)
  .pipe(takeUntil(left$))
  .subscribe({
    next: (event) => {
      show(draw(event));
    },
    complete: () => void host.stop(),
  });
