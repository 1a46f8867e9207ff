/**
 * A channel of a private network: each side's nonce, and then its bytes under XSalsa20. It keeps strangers out and
 * authenticates nothing; what runs on it does.
 * @source libp2p pnet specification; wire sheet 10.2
 */
import { Observable } from 'rxjs';
import { Uint8ArrayList } from 'uint8arraylist';
import { concatBytes, equalBytes, NO_BYTES } from '../../core/bytes.js';
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { KeyStream, NONCE_BYTES } from './key-stream.js';

export interface Protection {
  readonly psk: Uint8Array;
  /** Fresh, and never used again. */
  readonly nonce: Uint8Array;
  /** What everybody says first: by it a key is known to be the same. */
  readonly opening: Uint8Array;
}

/** The channel below, protected. The nonce leaves at once: the other side may wait for it. */
export function protectedDuplex(below: Duplex, protection: Protection): Duplex {
  const sealing = new KeyStream(protection.psk, protection.nonce);
  const incoming = new Incoming(protection);
  below.sink.next(protection.nonce);
  const sink = {
    next: (bytes: Writable): void => {
      try {
        below.sink.next(seal(bytes, sealing));
      } catch (error) {
        below.sink.error(asError(error));
      }
    },
    error: (error: unknown): void => {
      below.sink.error(error);
    },
    complete: (): void => {
      below.sink.complete();
    },
  };
  const read = (room$?: Observable<boolean>): Observable<Bytes> =>
    new Observable<Bytes>((subscriber) =>
      below.read(room$).subscribe({
        next: (chunk) => {
          try {
            const bytes = incoming.open(chunk);
            if (bytes.byteLength > 0) subscriber.next(bytes);
          } catch (error) {
            subscriber.error(asError(error));
          }
        },
        error: (error: unknown) => {
          subscriber.error(error);
        },
        complete: () => {
          if (incoming.begun) subscriber.complete();
          else
            subscriber.error(
              new Libp2pError('ERR_UNEXPECTED_END', 'network', 'pnet: the channel ended inside its nonce'),
            );
        },
      }),
    );
  return { read, sink, room$: below.room$ };
}

function seal(bytes: Writable, sealing: KeyStream): Writable {
  if (bytes instanceof Uint8Array) return sealing.apply(bytes);
  const sealed = new Uint8ArrayList();
  for (const piece of bytes) sealed.append(sealing.apply(piece));
  return sealed;
}

/** What comes: the nonce, the opening, which is compared, and then anything. */
class Incoming {
  private stream: KeyStream | undefined;
  private nonce: Bytes = NO_BYTES;
  private compared = 0;

  constructor(private readonly protection: Protection) {}

  /** Whether the nonce is there. */
  get begun(): boolean {
    return this.stream !== undefined;
  }

  /** Throws ERR_PNET. */
  open(chunk: Bytes): Bytes {
    if (this.stream !== undefined) return this.checked(this.stream.apply(chunk));
    const missing = NONCE_BYTES - this.nonce.byteLength;
    this.nonce = concatBytes(this.nonce, chunk.subarray(0, missing));
    const { psk, nonce, opening } = this.protection;
    // Shorter than a nonce, and all that such a remote says before it hears ours.
    if (equalBytes(this.nonce.subarray(0, opening.byteLength), opening))
      throw failed('the remote is in no private network, and this host is in one');
    if (this.nonce.byteLength < NONCE_BYTES) return NO_BYTES;
    if (equalBytes(this.nonce, nonce)) throw failed('the remote sends back what it was sent');
    this.stream = new KeyStream(psk, this.nonce);
    return this.checked(this.stream.apply(chunk.subarray(missing)));
  }

  private checked(bytes: Bytes): Bytes {
    const { opening } = this.protection;
    for (let i = 0; i < bytes.byteLength && this.compared < opening.byteLength; i += 1) {
      if (bytes[i] !== opening[this.compared])
        throw failed('what the remote says makes no sense: its private network has another key');
      this.compared += 1;
    }
    return bytes;
  }
}

function failed(what: string): Libp2pError {
  return new Libp2pError('ERR_PNET', 'remote', `pnet: ${what}`);
}
