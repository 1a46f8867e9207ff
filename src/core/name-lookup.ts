import type { Observable } from 'rxjs';

/** Who answers for names: the system, a DNS server, or one that speaks DNS over HTTPS. */
export interface NameLookup {
  /** The IPv4 or IPv6 addresses of a name, as text; emits once and completes. Errors with ERR_RESOLVE. Unsubscribing abandons the question. */
  addresses(name: string, family: 4 | 6): Observable<readonly string[]>;
  /** The TXT records of a name, each as one text; otherwise as `addresses`. */
  texts(name: string): Observable<readonly string[]>;
}
