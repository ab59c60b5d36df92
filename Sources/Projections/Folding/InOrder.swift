// SPDX-License-Identifier: Apache-2.0

/// Values by key, in the order in which their keys came: rows that were written together lie together.
struct InOrder<Key: Hashable, Value> {
  private(set) var keys: [Key] = []
  private(set) var values: [Value] = []
  private var places: [Key: Int] = [:]

  var isEmpty: Bool { keys.isEmpty }

  subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
    get { places[key].map { values[$0] } ?? fallback() }
    _modify {
      yield &values[place(of: key, fallback)]
    }
  }

  /// What is there already stays.
  mutating func add(_ value: Value, for key: Key) { _ = place(of: key, { value }) }

  private mutating func place(of key: Key, _ fallback: () -> Value) -> Int {
    if let place = places[key] { return place }
    places[key] = keys.count
    keys.append(key)
    values.append(fallback())
    return keys.count - 1
  }
}
