import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

type Type = 'A' | 'AAAA' | 'TXT';
/** Records of a kind as data; a number is the response code; `undefined` is silence. */
type Zone = (name: string, type: Type) => readonly Uint8Array[] | number | undefined;
const TYPES: ReadonlyMap<number, Type> = new Map([
  [1, 'A'],
  [28, 'AAAA'],
  [16, 'TXT'],
]);

/** A name server on loopback: enough of RFC 1035 to answer one question at a time. */
export class DnsServer {
  readonly asked: string[] = [];
  private constructor(
    private readonly socket: Socket,
    private readonly zone: Zone,
  ) {
    socket.on('message', (query, { port, address }) => {
      const reply = this.reply(query);
      if (reply !== undefined) socket.send(reply, port, address);
    });
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsServer(socket, zone);
  }

  get address(): string {
    return `127.0.0.1:${String(this.socket.address().port)}`;
  }

  async stop(): Promise<void> {
    this.socket.close();
    await once(this.socket, 'close');
  }

  private reply(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const code = query.readUInt16BE(at + 1);
    const [name, type] = [labels.join('.'), TYPES.get(code)!];
    this.asked.push(`${type} ${name}`);
    const found = this.zone(name.toLowerCase(), type);
    if (found === undefined) return undefined;
    const records = typeof found === 'number' ? [] : found;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // A response, recursion wanted and had, and how it went; one question.
    header.writeUInt16BE(0x8180 | (typeof found === 'number' ? found : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, query.subarray(12, at + 5), ...records.map((data) => record(code, data))]);
  }
}

function record(type: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  // The name of the question, by its place.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.byteLength, 10);
  return Buffer.concat([head, data]);
}

/** A TXT record's data: each string behind its length. */
export function txt(...strings: readonly string[]): Uint8Array {
  return Buffer.concat(strings.flatMap((text) => [Buffer.of(text.length), Buffer.from(text)]));
}
