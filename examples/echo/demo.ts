/** Both sides of the echo in one process, as something to look at: who they are, what happens, and the dial as a drawing. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { drawDial, type DialEvent, type Host, type HostEvent } from 'rx-libp2p';
import { bold, colourful, cyan, dim, green, printable } from '../terminal.js';
import { listen, sayHello } from './protocol.js';

type MakeHost = (events: (event: HostEvent) => void) => Promise<Host>;
const WIDEST_PICTURE = 110;

/** `json` writes every event as a line of JSON, and nothing else but the answer. */
export async function demonstrate(
  makeListener: MakeHost,
  makeSender: MakeHost,
  json: boolean,
): Promise<void> {
  const race: DialEvent[] = [];
  const startedAt = performance.now();
  const say = json
    ? () => undefined
    : (line: string) => {
        console.log(`  ${bold(line)}`);
      };
  const title = json
    ? () => undefined
    : (line: string) => {
        console.log(`\n${cyan(line)}`);
      };
  const tell =
    (who: string) =>
    (event: HostEvent): void => {
      if (json) console.log(JSON.stringify({ host: who, ...event }));
      else console.log(draw(who, event, event.at - startedAt));
      if (who === 'sender' && isDialEvent(event)) race.push(event);
    };

  title('Two hosts on this machine. One listens,');
  const listener = await makeListener(tell('listener'));
  listen(listener, say);
  title(
    'and the other knows three addresses of it: a port that is closed, one that is silent, and the right one.',
  );
  const port = Number(/tcp\/(\d+)/.exec(String(listener.addrs[0]))?.[1]);
  const [silent, closed] = [await silentBelow(port), await closedPort()];
  const sender = await makeSender(tell('sender'));
  const deadAddrs = [closed, portOf(silent)].map(
    (port) => `/ip4/127.0.0.1/tcp/${String(port)}/p2p/${listener.peerId.toString()}`,
  );
  const answer = await sayHello(sender, [...deadAddrs, ...listener.addrs.map(String)], say);
  title('Goodbye.');
  await sender.stop();
  await listener.stop();
  silent.close();
  if (json) console.log(JSON.stringify({ type: 'reply', text: answer }));
  else {
    title('How it was dialed:');
    const width = Math.min(WIDEST_PICTURE, process.stdout.columns || WIDEST_PICTURE);
    console.log(drawDial(race, { width, colour: colourful }));
  }
}

const isDialEvent = (event: HostEvent): event is DialEvent => event.type.startsWith('dial:');

/** One event, one line: when, who, what, and what of it people want to know. */
function draw(who: string, event: HostEvent, at: number): string {
  const time = `${at.toFixed(1).padStart(8)} ms`;
  const type = event.type.padEnd(18);
  return `${dim(time)}  ${(who === 'sender' ? green : dim)(who.padEnd(8))}  ${type} ${dim(printable(detailsOf(event), 90))}`.trimEnd();
}

function detailsOf(event: HostEvent): string {
  switch (event.type) {
    case 'dial:plan':
      return `${event.addr} in ${String(event.delayMs)} ms at the latest`;
    case 'dial:progress':
      return `${event.addr} ${event.stage}`;
    case 'dial:fail':
      return `${event.addr} ${event.code}`;
    case 'dial:end':
      return `${event.outcome} after ${event.afterMs.toFixed(1)} ms`;
    case 'connection:open':
      return `${event.direction}, ${event.encryption}, ${event.muxer}${event.earlyMuxer ? ' (agreed in the handshake)' : ''}`;
    case 'peer:identify':
      return `${event.agent}, ${String(event.protocols.length)} protocols`;
    case 'stream:open':
      return `${event.direction} ${event.protocol}`;
    case 'stream:close':
      return `${event.direction} ${event.protocol}, ${String(event.bytesRead)} bytes read, ${String(event.bytesWritten)} written`;
    case 'protocols:change':
      return [...event.added, ...event.removed.map((protocol) => `no more ${protocol}`)].join(', ');
    case 'addrs:change':
    case 'listen:open':
      return event.addrs.join(', ');
    default:
      return 'addr' in event ? event.addr : 'peer' in event ? `…${event.peer.slice(-6)}` : '';
  }
}

/** It accepts, and says nothing. Of addresses that are as good, the lower port is dialed first: so it is a lower one. */
async function silentBelow(port: number): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(port - 1, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return silentBelow(port - 1);
  }
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  return port;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
