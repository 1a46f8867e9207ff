/** What `/tls/ws` takes. They stand by themselves: whoever has not Node's types installed compiles against them. */

/** What a secure WebSocket's listener shows, PEM. */
export interface CertificateOptions {
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

/** Whom a secure WebSocket's dialer believes; the platform's authorities, if left out. */
export interface TrustOptions {
  /** Authorities besides, PEM. They replace the platform's. */
  readonly ca?: string | readonly string[] | undefined;
  /** `false` takes whatever certificate comes: who the peer is, is still proven inside. For tests. */
  readonly rejectUnauthorized?: boolean | undefined;
}
