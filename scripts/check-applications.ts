/** Runs the applications of examples/ as their users would, in processes of their own, and looks at what they say. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PATIENCE_MS = 30_000;
const ADDR = /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/;

/** A running example, and what it has said so far. */
class Running {
  said = '';
  readonly ended: Promise<number | null>;
  private readonly child: ChildProcessWithoutNullStreams;

  constructor(...args: string[]) {
    this.child = spawn('npx', ['tsx', '--conditions=rx-libp2p-source', ...args], {
      cwd: root,
      detached: true,
    });
    const hear = (chunk: Buffer): void => {
      this.said += chunk.toString();
    };
    this.child.stdout.on('data', hear);
    this.child.stderr.on('data', hear);
    this.ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  async says(pattern: RegExp): Promise<string> {
    for (const until = Date.now() + PATIENCE_MS; Date.now() < until;) {
      const found = pattern.exec(this.said)?.[0];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`it does not say ${String(pattern)}, but:\n${this.said}`);
  }

  type(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** As Ctrl-D does. */
  endInput(): void {
    this.child.stdin.end();
  }

  /** With whatever npx has started. */
  kill(): void {
    if (this.child.pid !== undefined && this.child.exitCode === null)
      process.kill(-this.child.pid, 'SIGKILL');
  }
}

const running: Running[] = [];
function start(...args: string[]): Running {
  const started = new Running(...args);
  running.push(started);
  return started;
}

async function ends(example: string, ...patterns: RegExp[]): Promise<void> {
  const one = start(`examples/${example}`);
  const status = await one.ended;
  if (status !== 0) throw new Error(`it ended with ${String(status)}:\n${one.said}`);
  for (const pattern of patterns) await one.says(pattern);
}

async function chat(): Promise<void> {
  const enter = (name: string, ...door: string[]): Running =>
    start('examples/chat/chat.ts', '--name', name, ...door);
  const anna = enter('anna');
  const bert = enter('bert', await anna.says(ADDR));
  const carl = enter('carl', await bert.says(ADDR));
  await Promise.all([anna.says(/carl joined/), bert.says(/carl joined/), carl.says(/anna joined/)]);
  carl.type('hello from carl');
  await Promise.all([anna.says(/carl: hello from carl/), bert.says(/carl: hello from carl/)]);
  carl.endInput();
  await Promise.all([anna.says(/carl left/), bert.says(/carl left/), carl.ended]);
}

async function transfer(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transfer-'));
  const [path, inbox] = [join(folder, 'holiday.bin'), join(folder, 'inbox')];
  const bytes = randomBytes(8_000_000);
  writeFileSync(path, bytes);
  // What an earlier attempt left behind.
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  mkdirSync(inbox);
  writeFileSync(join(inbox, `${sha256}.part`), bytes.subarray(0, 5_000_000));
  const receiver = start('examples/transfer/transfer.ts', 'receive', inbox);
  const sender = start('examples/transfer/transfer.ts', 'send', await receiver.says(ADDR), path);
  await sender.says(/sending 62 %/);
  await sender.says(/holiday.bin is there, and its checksum is right/);
  await receiver.says(/holiday.bin is here, and its checksum is right/);
  if (!readFileSync(join(inbox, 'holiday.bin')).equals(bytes)) throw new Error('the file is another one');
}

const CHECKS: Readonly<Record<string, () => Promise<void>>> = {
  chat,
  transfer,
  rpc: () => ends('rpc/rpc.ts', /"to be or not to be": 6 words, 13 letters/),
  'bridge to RxJS': () => ends('bridge/web-socket.ts', /hello, anna\nhello, bert/),
  'bridge to web streams': () => ends('bridge/web-streams.ts', /and it is the same text/),
  reconnect: () => ends('reconnect/reconnect.ts', /whole again\n[^─]*tick[^]*starts again\n[^]*tick 4/),
  'custom security': () =>
    ends('custom-security/clubs.ts', /bert: connected/, /carl: .* not know the password/),
  'custom transport': () => ends('custom-transport/line.ts', /hello came back; \d+ bytes went over the line/),
  'private network': () => ends('private/private.ts', /member: hello/, /stranger: failed/),
};

let failed = 0;
for (const [name, check] of Object.entries(CHECKS)) {
  const startedAt = Date.now();
  try {
    await check();
    console.log(`${name}: ok (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  for (const one of running.splice(0)) one.kill();
}
process.exit(failed === 0 ? 0 : 1);
