import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Implementation = 'go' | 'js';
/** What the peer is to speak: TCP and noise unless told otherwise. */
export interface Speaks {
  readonly transport?: 'tcp' | 'ws' | 'wss' | 'quic';
  readonly security?: 'noise' | 'tls' | 'plaintext';
  /** The path of a private network's key file. */
  readonly psk?: string;
}
interface Answer {
  readonly id?: number;
  readonly event?: string;
  readonly addrs?: string[];
  readonly result?: unknown;
  readonly error?: string;
  readonly code?: number;
}

/** Another implementation's host in a process of its own, told what to do line by line. */
export class Peer {
  addr = '';
  private readonly waiting: { wants: (answer: Answer) => boolean; resolve: (answer: Answer) => void }[] = [];
  private readonly unread: Answer[] = [];
  private nextId = 1;

  private constructor(private readonly child: ChildProcess) {
    if (child.stdout === null) throw new Error('the peer has no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const answer = JSON.parse(line) as Answer;
      const at = this.waiting.findIndex(({ wants }) => wants(answer));
      if (at < 0) this.unread.push(answer);
      else this.waiting.splice(at, 1)[0]?.resolve(answer);
    });
  }

  static async start(implementation: Implementation, speaks: Speaks = {}): Promise<Peer> {
    const here = new URL('.', import.meta.url).pathname;
    const certificate = { cert: `${here}certs/localhost.crt`, key: `${here}certs/localhost.key` };
    const wanted = { ...(speaks.transport === 'wss' ? certificate : {}), ...speaks };
    const flags = Object.entries(wanted).flatMap(([name, value]) => [`--${name}`, value]);
    const child =
      implementation === 'go'
        ? spawn(`${here}go/bin/peer`, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
        : spawn(process.execPath, ['--require', './polyfill.cjs', 'peer.mjs', ...flags], {
            cwd: `${here}js`,
            // The certificate of the tests is signed by nobody, and js-libp2p has no option for that.
            env: { ...process.env, ...(speaks.transport === 'wss' && { NODE_TLS_REJECT_UNAUTHORIZED: '0' }) },
            stdio: ['pipe', 'pipe', 'inherit'],
          });
    const peer = new Peer(child);
    const { addrs = [] } = await peer.event('listening');
    peer.addr = addrs.find((addr) => addr.includes('/ip4/127.0.0.1/')) ?? '';
    return peer;
  }

  /** Has the peer dial `addr` and run a scenario; resolves with what it found, rejects with its error. */
  async run(scenario: string, addr: string, size = 0, protocol = ''): Promise<unknown> {
    const id = this.nextId;
    this.nextId += 1;
    this.child.stdin?.write(`${JSON.stringify({ id, scenario, addr, size, protocol })}\n`);
    const { result, error } = await this.next((answer) => answer.id === id);
    if (error !== undefined) throw new Error(error);
    return result;
  }

  event(name: string): Promise<Answer> {
    return this.next((answer) => answer.event === name);
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    this.child.kill();
    await gone;
  }

  private next(wants: (answer: Answer) => boolean): Promise<Answer> {
    const at = this.unread.findIndex(wants);
    const [found] = at < 0 ? [] : this.unread.splice(at, 1);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      this.waiting.push({ wants, resolve });
    });
  }
}
