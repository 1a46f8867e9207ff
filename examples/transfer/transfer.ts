/**
 * Sends files from one terminal to another; what breaks off goes on when it is sent again.
 *
 *   npm run transfer -- receive ./inbox              says where it is, and waits
 *   npm run transfer -- send <address> ./holiday.mp4
 *
 * `--listen <multiaddr>` where the receiver is to be reached (loopback, if left out). `--memory` says at the end how much
 * memory the process has used at most.
 */
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import { createHost, ofType, serve, withStream } from 'rx-libp2p';
import { bold, dim, progressBar, red } from '../terminal.js';
import { FILE, receive, send } from './protocol.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    listen: { type: 'string', default: '/ip4/127.0.0.1/tcp/0' },
    memory: { type: 'boolean', default: false },
  },
});

async function receiveInto(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const host = await createHost({ listen: [values.listen] });
  host
    .handle(FILE)
    .pipe(
      serve(async (stream) => {
        console.log(`${bold(await receive(stream, folder, progressBar))} is here, and its checksum is right`);
        tellMemory();
      }),
    )
    .subscribe();
  host.event$.pipe(ofType('handler:error')).subscribe(({ message }) => {
    console.log(red(`not received: ${message}`));
  });
  for (const addr of host.addrs) console.log(dim(`npm run transfer -- send ${addr.toString()} <file>`));
}

async function sendTo(target: string, path: string): Promise<void> {
  await using host = await createHost({ listen: [] });
  const sent$ = host.newStream(target, FILE).pipe(withStream((stream) => send(stream, path, progressBar)));
  await lastValueFrom(sent$);
  console.log(`${bold(path)} is there, and its checksum is right`);
  tellMemory();
}

function tellMemory(): void {
  const mib = process.resourceUsage().maxRSS / 1024;
  if (values.memory) console.log(dim(`at most ${mib.toFixed(0)} MiB of memory were used`));
}

const [what, ...rest] = positionals;
const [first = '', second = ''] = rest;
if (what === 'receive' && rest.length === 1) await receiveInto(first);
else if (what === 'send' && rest.length === 2) await sendTo(first, second);
else {
  console.error('npm run transfer -- receive <folder>\nnpm run transfer -- send <address> <file>');
  process.exitCode = 1;
}
