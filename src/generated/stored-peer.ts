import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface StoredPeerMessage {
  peerId?: Uint8Array<ArrayBuffer>
  addrs: Uint8Array<ArrayBuffer>[]
  protocols: string[]
  metadata: Uint8Array<ArrayBuffer>[]
  tags: Uint8Array<ArrayBuffer>[]
  envelope?: Uint8Array<ArrayBuffer>
  publicKey?: Uint8Array<ArrayBuffer>
  rttMs?: number
}

export namespace StoredPeerMessage {
  let _codec: Codec<StoredPeerMessage>

  export const codec = (): Codec<StoredPeerMessage> => {
    if (_codec == null) {
      _codec = message<StoredPeerMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.peerId != null) {
          w.uint32(10)
          w.bytes(obj.peerId)
        }

        if (obj.addrs != null && obj.addrs.length > 0) {
          for (const value of obj.addrs) {
            w.uint32(18)
            w.bytes(value)
          }
        }

        if (obj.protocols != null && obj.protocols.length > 0) {
          for (const value of obj.protocols) {
            w.uint32(26)
            w.string(value)
          }
        }

        if (obj.metadata != null && obj.metadata.length > 0) {
          for (const value of obj.metadata) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if (obj.tags != null && obj.tags.length > 0) {
          for (const value of obj.tags) {
            w.uint32(42)
            w.bytes(value)
          }
        }

        if (obj.envelope != null) {
          w.uint32(50)
          w.bytes(obj.envelope)
        }

        if (obj.publicKey != null) {
          w.uint32(58)
          w.bytes(obj.publicKey)
        }

        if (obj.rttMs != null) {
          w.uint32(65)
          w.double(obj.rttMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          addrs: [],
          protocols: [],
          metadata: [],
          tags: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peerId = reader.bytes()
              break
            }
            case 2: {
              if (opts.limits?.addrs != null && obj.addrs.length === opts.limits.addrs) {
                throw new MaxLengthError('Decode error - repeated field "addrs" had too many elements')
              }

              obj.addrs.push(reader.bytes())
              break
            }
            case 3: {
              if (opts.limits?.protocols != null && obj.protocols.length === opts.limits.protocols) {
                throw new MaxLengthError('Decode error - repeated field "protocols" had too many elements')
              }

              obj.protocols.push(reader.string())
              break
            }
            case 4: {
              if (opts.limits?.metadata != null && obj.metadata.length === opts.limits.metadata) {
                throw new MaxLengthError('Decode error - repeated field "metadata" had too many elements')
              }

              obj.metadata.push(reader.bytes())
              break
            }
            case 5: {
              if (opts.limits?.tags != null && obj.tags.length === opts.limits.tags) {
                throw new MaxLengthError('Decode error - repeated field "tags" had too many elements')
              }

              obj.tags.push(reader.bytes())
              break
            }
            case 6: {
              obj.envelope = reader.bytes()
              break
            }
            case 7: {
              obj.publicKey = reader.bytes()
              break
            }
            case 8: {
              obj.rttMs = reader.double()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          addrs: 0,
          protocols: 0,
          metadata: 0,
          tags: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peerId`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              if (opts.limits?.addrs != null && obj.addrs === opts.limits.addrs) {
                throw new MaxLengthError('Streaming decode error - repeated field "addrs" had too many elements')
              }

              yield {
                field: `${prefix}.addrs[]`,
                index: obj.addrs,
                value: reader.bytes()
              }

              obj.addrs++

              break
            }
            case 3: {
              if (opts.limits?.protocols != null && obj.protocols === opts.limits.protocols) {
                throw new MaxLengthError('Streaming decode error - repeated field "protocols" had too many elements')
              }

              yield {
                field: `${prefix}.protocols[]`,
                index: obj.protocols,
                value: reader.string()
              }

              obj.protocols++

              break
            }
            case 4: {
              if (opts.limits?.metadata != null && obj.metadata === opts.limits.metadata) {
                throw new MaxLengthError('Streaming decode error - repeated field "metadata" had too many elements')
              }

              yield {
                field: `${prefix}.metadata[]`,
                index: obj.metadata,
                value: reader.bytes()
              }

              obj.metadata++

              break
            }
            case 5: {
              if (opts.limits?.tags != null && obj.tags === opts.limits.tags) {
                throw new MaxLengthError('Streaming decode error - repeated field "tags" had too many elements')
              }

              yield {
                field: `${prefix}.tags[]`,
                index: obj.tags,
                value: reader.bytes()
              }

              obj.tags++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.envelope`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.publicKey`,
                value: reader.bytes()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.rttMs`,
                value: reader.double()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StoredPeerMessagePeerIdFieldEvent {
    field: '$.peerId'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessageAddrsFieldEvent {
    field: '$.addrs[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessageProtocolsFieldEvent {
    field: '$.protocols[]'
    index: number
    value: string
  }

  export interface StoredPeerMessageMetadataFieldEvent {
    field: '$.metadata[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessageTagsFieldEvent {
    field: '$.tags[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessageEnvelopeFieldEvent {
    field: '$.envelope'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessagePublicKeyFieldEvent {
    field: '$.publicKey'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredPeerMessageRttMsFieldEvent {
    field: '$.rttMs'
    value: number
  }

  export function encode (obj: Partial<StoredPeerMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StoredPeerMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredPeerMessage>): StoredPeerMessage {
    return decodeMessage(buf, StoredPeerMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredPeerMessage>): Generator<StoredPeerMessagePeerIdFieldEvent | StoredPeerMessageAddrsFieldEvent | StoredPeerMessageProtocolsFieldEvent | StoredPeerMessageMetadataFieldEvent | StoredPeerMessageTagsFieldEvent | StoredPeerMessageEnvelopeFieldEvent | StoredPeerMessagePublicKeyFieldEvent | StoredPeerMessageRttMsFieldEvent> {
    return streamMessage(buf, StoredPeerMessage.codec(), opts)
  }
}

export interface StoredAddr {
  multiaddr?: Uint8Array<ArrayBuffer>
  ttlMs?: number
  expiresAt?: number
  connected?: boolean
  certified?: boolean
}

export namespace StoredAddr {
  let _codec: Codec<StoredAddr>

  export const codec = (): Codec<StoredAddr> => {
    if (_codec == null) {
      _codec = message<StoredAddr>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.multiaddr != null) {
          w.uint32(10)
          w.bytes(obj.multiaddr)
        }

        if (obj.ttlMs != null) {
          w.uint32(17)
          w.double(obj.ttlMs)
        }

        if (obj.expiresAt != null) {
          w.uint32(25)
          w.double(obj.expiresAt)
        }

        if (obj.connected != null) {
          w.uint32(32)
          w.bool(obj.connected)
        }

        if (obj.certified != null) {
          w.uint32(40)
          w.bool(obj.certified)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.multiaddr = reader.bytes()
              break
            }
            case 2: {
              obj.ttlMs = reader.double()
              break
            }
            case 3: {
              obj.expiresAt = reader.double()
              break
            }
            case 4: {
              obj.connected = reader.bool()
              break
            }
            case 5: {
              obj.certified = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.multiaddr`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.ttlMs`,
                value: reader.double()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.expiresAt`,
                value: reader.double()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.connected`,
                value: reader.bool()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.certified`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StoredAddrMultiaddrFieldEvent {
    field: '$.multiaddr'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StoredAddrTtlMsFieldEvent {
    field: '$.ttlMs'
    value: number
  }

  export interface StoredAddrExpiresAtFieldEvent {
    field: '$.expiresAt'
    value: number
  }

  export interface StoredAddrConnectedFieldEvent {
    field: '$.connected'
    value: boolean
  }

  export interface StoredAddrCertifiedFieldEvent {
    field: '$.certified'
    value: boolean
  }

  export function encode (obj: Partial<StoredAddr>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StoredAddr.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredAddr>): StoredAddr {
    return decodeMessage(buf, StoredAddr.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredAddr>): Generator<StoredAddrMultiaddrFieldEvent | StoredAddrTtlMsFieldEvent | StoredAddrExpiresAtFieldEvent | StoredAddrConnectedFieldEvent | StoredAddrCertifiedFieldEvent> {
    return streamMessage(buf, StoredAddr.codec(), opts)
  }
}

export interface StoredMetadata {
  key?: string
  value?: Uint8Array<ArrayBuffer>
}

export namespace StoredMetadata {
  let _codec: Codec<StoredMetadata>

  export const codec = (): Codec<StoredMetadata> => {
    if (_codec == null) {
      _codec = message<StoredMetadata>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.key != null) {
          w.uint32(10)
          w.string(obj.key)
        }

        if (obj.value != null) {
          w.uint32(18)
          w.bytes(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.key = reader.string()
              break
            }
            case 2: {
              obj.value = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.key`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StoredMetadataKeyFieldEvent {
    field: '$.key'
    value: string
  }

  export interface StoredMetadataValueFieldEvent {
    field: '$.value'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<StoredMetadata>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StoredMetadata.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredMetadata>): StoredMetadata {
    return decodeMessage(buf, StoredMetadata.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredMetadata>): Generator<StoredMetadataKeyFieldEvent | StoredMetadataValueFieldEvent> {
    return streamMessage(buf, StoredMetadata.codec(), opts)
  }
}

export interface StoredTag {
  name?: string
  value?: number
}

export namespace StoredTag {
  let _codec: Codec<StoredTag>

  export const codec = (): Codec<StoredTag> => {
    if (_codec == null) {
      _codec = message<StoredTag>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.name != null) {
          w.uint32(10)
          w.string(obj.name)
        }

        if (obj.value != null) {
          w.uint32(17)
          w.double(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.value = reader.double()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
                value: reader.double()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StoredTagNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface StoredTagValueFieldEvent {
    field: '$.value'
    value: number
  }

  export function encode (obj: Partial<StoredTag>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StoredTag.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredTag>): StoredTag {
    return decodeMessage(buf, StoredTag.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoredTag>): Generator<StoredTagNameFieldEvent | StoredTagValueFieldEvent> {
    return streamMessage(buf, StoredTag.codec(), opts)
  }
}
