// SPDX-License-Identifier: Apache-2.0

internal import CLibpq

/// A statement that a session has prepared.
struct PreparedStatement {
  let name: String
  let types: [PostgresType]

  func fits(_ query: Query) -> Bool {
    guard types.count == query.parameters.count else { return false }
    for (index, type) in types.enumerated() where query.parameters[index].type != type { return false }
    return true
  }
}

/// A query's parameters as the parallel C arrays that libpq wants.
///
/// The values are not copied: the pointers lead into the query's arena.
struct Arguments {
  private var types: [Oid] = []
  private var values: [UnsafePointer<CChar>?] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []

  typealias Call<Result> = (
    _ count: Int32, _ values: [UnsafePointer<CChar>?], _ lengths: [Int32], _ formats: [Int32], _ types: [Oid]
  ) -> Result

  mutating func withPointers<Result>(to query: Query, _ call: Call<Result>) -> Result {
    types.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    formats.removeAll(keepingCapacity: true)
    // The byte more than the query's own is for values that are empty: their pointer must not be nil, which is NULL.
    return query.arena.withUnsafeBytes { arena in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { empty in
        for parameter in query.parameters {
          types.append(parameter.type.rawValue)
          formats.append(1)
          lengths.append(Int32(parameter.byteCount ?? 0))
          switch parameter.byteCount {
          case nil: values.append(nil)
          case 0: values.append(UnsafePointer(empty.baseAddress))
          default:
            values.append(
              arena.baseAddress.map { ($0 + parameter.offset).assumingMemoryBound(to: CChar.self) })
          }
        }
        return call(Int32(query.parameters.count), values, lengths, formats, types)
      }
    }
  }
}
