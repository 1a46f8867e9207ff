/** A datastore behind Observables: what it throws, rejects with or never settles stays a matter of one operation. */
import { BehaviorSubject, defer, from, ignoreElements, type Observable } from 'rxjs';
import { Key, type Datastore, type Pair } from 'interface-datastore';
import { pull } from './pull.js';

export interface StoredValue {
  readonly key: string;
  /** `undefined` deletes. */
  readonly value: Uint8Array | undefined;
}

/** What is used of it: any version that keeps to this will do. */
export type AnyDatastore = Pick<Datastore, 'batch' | 'get' | 'has' | 'put' | 'query'>;

export class DatastorePort {
  constructor(private readonly datastore: AnyDatastore) {}

  /** Every pair below `prefix`, while `room$` is true. */
  read(prefix: string, room$: BehaviorSubject<boolean>): Observable<Pair> {
    const { datastore } = this;
    async function* pairs(): AsyncGenerator<Pair> {
      yield* datastore.query({ prefix });
    }
    return defer(() => pull(pairs(), room$));
  }

  /** All in one batch, which some datastores write as one. Completes when they say that it is written. */
  write(values: readonly StoredValue[]): Observable<never> {
    return defer(() => {
      const batch = this.datastore.batch();
      for (const { key, value } of values)
        if (value === undefined) batch.delete(new Key(key));
        else batch.put(new Key(key), value);
      return from(Promise.resolve(batch.commit()));
    }).pipe(ignoreElements());
  }
}
