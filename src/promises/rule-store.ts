/** Rules in a datastore: read once, then written one behind the other. */
import { asError } from '../core/errors.js';

/** What a datastore's keys are here: all that stores ask of one to put or delete by it. */
interface StoredKey {
  toString(): string;
  uint8Array(): Uint8Array;
}
/** As much of an `interface-datastore` as is used. */
export interface RuleDatastore {
  /** Keeps a value. */
  put(key: StoredKey, value: Uint8Array): unknown;
  /** Forgets it. */
  delete(key: StoredKey): unknown;
  /** All keys below a prefix. */
  query(query: { prefix: string }): Iterable<StoredRule> | AsyncIterable<StoredRule>;
}
interface StoredRule {
  readonly key: { toString(): string };
}

export class RuleStore {
  /** Whether everything that was stored has been told. */
  isLoaded = false;
  private readonly loading: Promise<void>;
  private writing: Promise<void> = Promise.resolve();
  private failure: Error | undefined;

  /** Tells the name of every stored rule at once, as soon as the datastore has them all. */
  constructor(
    private readonly datastore: RuleDatastore,
    private readonly namespace: string,
    load: (names: readonly string[]) => void,
  ) {
    this.loading = this.load(load);
    // Whoever asks `ready` hears of it; nobody else has to.
    this.loading.catch(() => undefined);
  }

  /** Rejects as the datastore does. */
  ready(): Promise<void> {
    return this.loading;
  }

  put(name: string, value: Uint8Array): void {
    this.write((key) => this.datastore.put(key, value), name);
  }

  delete(name: string): void {
    this.write((key) => this.datastore.delete(key), name);
  }

  /** Resolves when all that was changed is written; rejects with the first failure since it was last asked. */
  async flush(): Promise<void> {
    await this.writing;
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }

  private async load(tell: (names: readonly string[]) => void): Promise<void> {
    const names: string[] = [];
    for await (const { key } of this.datastore.query({ prefix: `${this.namespace}/` }))
      names.push(key.toString().slice(this.namespace.length + 1));
    tell(names);
    this.isLoaded = true;
  }

  private write(change: (key: StoredKey) => unknown, name: string): void {
    const key = storedKey(`${this.namespace}/${name}`);
    const write = async (): Promise<void> => {
      try {
        await change(key);
      } catch (error) {
        this.failure ??= asError(error);
      }
    };
    this.writing = this.writing.then(write);
  }
}

function storedKey(text: string): StoredKey {
  return { toString: () => text, uint8Array: () => new TextEncoder().encode(text) };
}
