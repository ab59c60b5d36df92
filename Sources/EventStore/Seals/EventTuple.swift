// SPDX-License-Identifier: Apache-2.0

public import DedupEngine
import Domain
import Foundation
import Postgres

/// An event as its leaf hashes it: the row of `log.event`, in the binary form of COPY. See docs/seals.md.
public struct EventTuple: Hashable, Sendable {
  public let bytes: [UInt8]

  /// What a leaf's data begins with: another thing that is hashed, or another form of this one, begins otherwise.
  public static let tag = Array("onefold event 1\n".utf8)
  /// The columns in the order of the form.
  static let columns: StaticString = """
    position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream, type, \
    payload
    """
  private static let fieldCount: Int16 = 12

  public init(bytes: [UInt8]) { self.bytes = bytes }

  /// An event as it would be stored, with the time to the microsecond.
  public init(_ event: RecordedEvent, recordedAt: PostgresTime) {
    var tuple = BinaryTuple(fieldCount: Self.fieldCount)
    tuple.add(event.position.rawValue)
    tuple.add(event.version)
    tuple.add(recordedAt.microseconds)
    tuple.add(event.id.byteArray)
    for id in [event.owner, event.actor, event.correlationId, event.causationId] {
      if let id { tuple.add(id.byteArray) } else { tuple.addNull() }
    }
    tuple.add(Int16(clamping: event.schemaVersion))
    tuple.add(event.stream.description.utf8)
    tuple.add(event.type.utf8)
    tuple.add(event.payload)
    bytes = tuple.bytes
  }

  /// The position of a tuple, without reading the rest; nil when it cannot be an event's.
  static func position(of tuple: RawSpan) -> Int64? {
    guard tuple.byteCount >= 14,
      Int16(bigEndian: tuple.unsafeLoadUnaligned(fromByteOffset: 0, as: Int16.self)) == fieldCount,
      Int32(bigEndian: tuple.unsafeLoadUnaligned(fromByteOffset: 2, as: Int32.self)) == 8
    else { return nil }
    return Int64(bigEndian: tuple.unsafeLoadUnaligned(fromByteOffset: 6, as: Int64.self))
  }

  /// The same event at another position.
  func moved(to position: Int64) -> EventTuple {
    var moved = bytes
    withUnsafeBytes(of: position.bigEndian) { moved.replaceSubrange(6..<14, with: $0) }
    return EventTuple(bytes: moved)
  }

  /// The hash that seals commit to.
  /// - Parameter hasher: one that ``hasher()`` made.
  public func leaf(with hasher: MerkleHasher = hasher()) -> [UInt8] { hasher.leaf(bytes) }

  /// Hashes events' leaves, and the trees over them.
  public static func hasher() -> MerkleHasher { MerkleHasher(tag: tag) }

  /// The event; nil when the bytes are not those of one.
  public var event: RecordedEvent? {
    guard let fields = BinaryTuple.fields(of: bytes), fields.count == Int(Self.fieldCount),
      let position: Int64 = fields[0]?.integer(), let version: Int64 = fields[1]?.integer(),
      let recordedAt: Int64 = fields[2]?.integer(), let id = fields[3].flatMap(UUID.init(byteArray:)),
      let schemaVersion: Int16 = fields[8]?.integer(),
      let stream = fields[9].flatMap({ StreamName(String(decoding: $0, as: UTF8.self)) }),
      let type = fields[10], let payload = fields[11]
    else { return nil }
    return RecordedEvent(
      position: Position(position), version: version, recordedAt: PostgresTime(microseconds: recordedAt).date, id: id,
      owner: fields[4].flatMap(UUID.init(byteArray:)), actor: fields[5].flatMap(UUID.init(byteArray:)),
      correlationId: fields[6].flatMap(UUID.init(byteArray:)), causationId: fields[7].flatMap(UUID.init(byteArray:)),
      schemaVersion: Int(schemaVersion), stream: stream, type: String(decoding: type, as: UTF8.self),
      payload: Array(payload))
  }
}

extension UUID {
  /// The 16 bytes.
  var byteArray: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

  init?(byteArray bytes: some Collection<UInt8>) {
    guard bytes.count == MemoryLayout<uuid_t>.size else { return nil }
    self.init(uuid: Array(bytes).withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
  }
}
