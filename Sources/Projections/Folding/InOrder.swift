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
    // Looks the key up once, whether it is new or not.
    let place = { (place: inout Int) in place }(&places[key, default: keys.count])
    if place == keys.count {
      keys.append(key)
      values.append(fallback())
    }
    return place
  }
}
