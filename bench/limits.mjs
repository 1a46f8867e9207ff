// What plain Node reaches on this machine: one way over loopback, with and without the cipher, and the primitives alone.
// One of two processes, told as the peers are; the one that is told connects to the other.
import * as crypto from 'node:crypto';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const FRAME_BYTES = 65_519;
const TAG_BYTES = 16;
const MIB = 1_048_576;
const key = Buffer.alloc(32, 7);
const options = { authTagLength: TAG_BYTES };

/** Counts up in place, as noise does. */
class Nonce {
  bytes = Buffer.alloc(12);
  count = 0;
  next() {
    this.bytes.writeUInt32LE(this.count, 4);
    this.count += 1;
    return this.bytes;
  }
}

/** Decrypts what comes and hangs up at the end. */
function serve(socket) {
  const nonce = new Nonce();
  let held = [];
  let heldBytes = 0;
  let sealed;
  socket.on('data', (chunk) => {
    if (sealed === undefined) {
      sealed = chunk[0] === 1;
      chunk = chunk.subarray(1);
    }
    if (!sealed) return;
    held.push(chunk);
    heldBytes += chunk.byteLength;
    while (heldBytes >= FRAME_BYTES + TAG_BYTES) {
      const pieces = take(FRAME_BYTES);
      const tag = Buffer.concat(take(TAG_BYTES));
      const decipher = crypto.createDecipheriv('chacha20-poly1305', key, nonce.next(), options);
      decipher.setAuthTag(tag);
      for (const piece of pieces) decipher.update(piece);
      decipher.final();
    }
  });
  const take = (byteLength) => {
    const pieces = [];
    heldBytes -= byteLength;
    while (byteLength > 0) {
      const piece = held.shift();
      pieces.push(piece.subarray(0, byteLength));
      if (piece.byteLength > byteLength) held.unshift(piece.subarray(byteLength));
      byteLength -= Math.min(byteLength, piece.byteLength);
    }
    return pieces;
  };
  socket.on('end', () => socket.end());
}

/** MiB a second. */
function pipe(port, bytes, sealed) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const frame = Buffer.alloc(FRAME_BYTES);
    const nonce = new Nonce();
    let left = bytes;
    let start;
    const write = () => {
      while (left > 0 && socket.writableLength < 4 * FRAME_BYTES) {
        left -= FRAME_BYTES;
        if (!sealed) {
          socket.write(frame);
          continue;
        }
        const cipher = crypto.createCipheriv('chacha20-poly1305', key, nonce.next(), options);
        socket.cork();
        socket.write(cipher.update(frame));
        cipher.final();
        socket.write(cipher.getAuthTag(), write);
        socket.uncork();
      }
      if (left <= 0) socket.end();
    };
    socket.on('drain', write);
    socket.on('connect', () => {
      start = performance.now();
      socket.write(Buffer.of(sealed ? 1 : 0));
      write();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(bytes / MIB / ((performance.now() - start) / 1000)));
    socket.resume();
  });
}

/** Microseconds of one. */
function each(count, work) {
  for (let at = 0; at < count / 4; at += 1) work();
  const start = performance.now();
  for (let at = 0; at < count; at += 1) work();
  return ((performance.now() - start) * 1000) / count;
}

const scenarios = {
  pipe: ({ port, bytes }) => pipe(port, bytes, true),
  tcp: ({ port, bytes }) => pipe(port, bytes, false),
  x25519() {
    const [ours, theirs] = [1, 2].map(() => crypto.generateKeyPairSync('x25519'));
    return each(1000, () =>
      crypto.diffieHellman({ privateKey: ours.privateKey, publicKey: theirs.publicKey }),
    );
  },
  sign() {
    const { privateKey } = crypto.generateKeyPairSync('ed25519');
    return each(1000, () => crypto.sign(null, key, privateKey));
  },
  verify() {
    const { privateKey, publicKey } = crypto.generateKeyPairSync('ed25519');
    const signature = crypto.sign(null, key, privateKey);
    return each(1000, () => crypto.verify(null, key, publicKey, signature));
  },
};

const server = createServer({ noDelay: true, allowHalfOpen: true }, serve);
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ addr: server.address().port })));
createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { scenario, addr, options: given } = JSON.parse(line);
    console.log(JSON.stringify({ value: await scenarios[scenario]({ port: addr, ...given }) }));
  })
  .on('close', () => process.exit(0));
