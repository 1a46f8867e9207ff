/**
 * A file over a stream, which goes on where it broke off. The sender says what it has; the receiver, how much of that it has
 * already; then the rest follows, and "ok" when the checksum of the whole is right.
 *
 *   sender    length (4 bytes, big-endian), offer as JSON
 *   receiver  byte length of its part (8 bytes, big-endian)
 *   sender    the bytes from there on, half-close
 *   receiver  ok
 *
 * Both sides hold a receive window and a send queue, however large the file is: `writeFrom` reads the disk only while there
 * is room, and `consume` grants window only when a chunk has been written to the disk.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { byteStream, type ByteStream, type Stream } from 'rx-libp2p';
import { printable } from '../terminal.js';

export const FILE = '/example-file/1.0.0';
const CHUNK_BYTES = 256 * 1024;
const MAX_OFFER_BYTES = 4096;
const OK = new TextEncoder().encode('ok');

interface Offer {
  readonly name: string;
  readonly byteLength: number;
  /** Hexadecimal. The receiver's part is named by it, so what goes on is the same file. */
  readonly sha256: string;
}
/** Tells how far something is: first what and out of how many bytes, then how many are done, now and then. */
export type Progress = (what: string, total: number) => (done: number) => void;

export async function send(stream: Stream, path: string, progress: Progress): Promise<void> {
  const { size } = await stat(path);
  const sha256 = await digest(path, progress('hashing', size));
  const io = byteStream(stream);
  await io.write(encodeOffer({ name: basename(path), byteLength: size, sha256 }));

  const start = Number(viewOf(await io.read(8)).getBigUint64(0));
  if (start > size) throw new Error(`the receiver has ${String(start)} bytes of ${String(size)}`);
  const rest = counted(readFrom(path, start), start, progress('sending', size));
  await lastValueFrom(stream.writeFrom(rest), { defaultValue: undefined });
  stream.complete();
  await io.read(OK.byteLength);
}

/** Resolves with the path of the file, once it is whole. Rejects, and resets the stream, if it is not what was offered. */
export async function receive(stream: Stream, folder: string, progress: Progress): Promise<string> {
  const io = byteStream(stream);
  const { name, byteLength, sha256 } = await readOffer(io);
  const part = join(folder, `${sha256}.part`);
  const file = await open(part, 'a');
  try {
    let { size } = await file.stat();
    const done = progress(`receiving ${printable(name)}`, byteLength);
    done(size);
    await io.write(eightBytes(size));
    const written$ = stream.consume(async (chunk) => {
      if (size + chunk.byteLength > byteLength) throw new Error('this is more than was offered');
      await file.appendFile(chunk);
      size += chunk.byteLength;
      done(size);
    });
    await lastValueFrom(written$, { defaultValue: undefined });
    if (size < byteLength)
      throw new Error(`${String(size)} of ${String(byteLength)} bytes came; the rest may follow`);
  } finally {
    await file.close();
  }
  if ((await digest(part, progress('checking', byteLength))) !== sha256) {
    await rm(part);
    throw new Error('the checksum is wrong: nothing of it is kept');
  }
  const path = join(folder, name);
  await rename(part, path);
  await io.write(OK);
  return path;
}

function encodeOffer(offer: Offer): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(offer));
  const bytes = new Uint8Array(4 + json.byteLength);
  viewOf(bytes).setUint32(0, json.byteLength);
  bytes.set(json, 4);
  return bytes;
}

/** A stranger wrote this: the name may be any path, and the digest becomes a part of one. */
async function readOffer(io: ByteStream): Promise<Offer> {
  const byteLength = viewOf(await io.read(4)).getUint32(0);
  if (byteLength > MAX_OFFER_BYTES) throw new Error(`an offer of ${String(byteLength)} bytes`);
  const offer = JSON.parse(new TextDecoder().decode(await io.read(byteLength))) as Partial<Offer>;
  const name = basename(String(offer.name));
  if (name === '' || name.startsWith('.')) throw new Error('the offer has no name that we would write to');
  if (!/^[0-9a-f]{64}$/.test(String(offer.sha256))) throw new Error('the offer has no checksum');
  if (!Number.isSafeInteger(offer.byteLength)) throw new Error('the offer has no length');
  return { ...(offer as Offer), name };
}

async function digest(path: string, done: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of counted(readFrom(path, 0), 0, done)) hash.update(chunk);
  return hash.digest('hex');
}

const readFrom = (path: string, start: number): AsyncIterable<Uint8Array> =>
  createReadStream(path, { start, highWaterMark: CHUNK_BYTES });

/** An async iterable stays one, so that it is pulled, and not pushed. */
async function* counted(chunks: AsyncIterable<Uint8Array>, start: number, done: (bytes: number) => void) {
  done(start);
  for await (const chunk of chunks) {
    yield chunk;
    done((start += chunk.byteLength));
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function eightBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt(value));
  return bytes;
}
