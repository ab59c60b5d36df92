// SPDX-License-Identifier: Apache-2.0

/// One thing that is not as it was sealed.
public struct Finding: Hashable, Sendable {
  public enum Kind: String, Sendable, Codable {
    /// The event is another than the one that was sealed at its position.
    case changed
    /// There is no event at the position.
    case missing
    /// Two events have changed places.
    case swapped
    /// A row that no position is left for: a second one, or one before the first.
    case unexpected
    /// A row that is no event.
    case unreadable
    /// Something in the range was changed, and the list of its leaves with it: the root tells that, and not where.
    case changedSomewhere
    /// The list of leaves was changed; the events are what was sealed.
    case leavesChanged
    /// The signature is not that of the key which the seal names.
    case sealForged
    /// The seal is signed, but by a key that nobody appointed or gave.
    case sealUnvouched
    /// A seal does not follow the one before it.
    case sealUnlinked
    /// Seals are not there.
    case sealMissing
    /// The log has another seal of this number than the copy.
    case sealReplaced
    /// A seal of the copy is not one that can be believed.
    case copyDamaged
    /// The head is not the position of the last event.
    case headWrong
    /// There are events and no seal.
    case nothingSealed
    /// The export does not reach its end.
    case exportCut
  }

  public var kind: Kind
  /// The positions it is about; two single ones when the kind is `swapped`.
  public var positions: ClosedRange<Int64>?
  public var seals: ClosedRange<Int64>?
  public var detail: String?

  init(
    _ kind: Kind, positions: ClosedRange<Int64>? = nil, seals: ClosedRange<Int64>? = nil, detail: String? = nil
  ) {
    self.kind = kind
    self.positions = positions
    self.seals = seals
    self.detail = detail
  }

  /// A finding about a seal and its range.
  init(_ kind: Kind, _ seal: Seal, detail: String? = nil) {
    let range = seal.hasPossibleRange ? seal.first.rawValue...seal.last.rawValue : nil
    self.init(kind, positions: range, seals: seal.number...seal.number, detail: detail)
  }

  /// This finding and the next as one, when they are of a kind and next to each other.
  func joined(with next: Finding) -> Finding? {
    guard kind == next.kind, detail == next.detail, kind != .swapped, kind != .sealUnlinked,
      Self.touch(seals, next.seals), Self.touch(positions, next.positions)
    else { return nil }
    var joined = self
    joined.positions = Self.join(positions, next.positions)
    joined.seals = Self.join(seals, next.seals)
    return joined
  }

  private static func touch(_ range: ClosedRange<Int64>?, _ next: ClosedRange<Int64>?) -> Bool {
    guard let range, let next else { return range == next }
    return next.lowerBound <= range.upperBound + 1 && next.lowerBound >= range.lowerBound
  }

  private static func join(_ range: ClosedRange<Int64>?, _ next: ClosedRange<Int64>?) -> ClosedRange<Int64>? {
    guard let range, let next else { return range }
    return range.lowerBound...max(range.upperBound, next.upperBound)
  }
}

extension Finding: CustomStringConvertible {
  /// A sentence for people.
  public var description: String {
    let text =
      switch kind {
      case .changed: "\(positionText) \(isOne ? "was" : "were") changed after \(isOne ? "it was" : "they were") sealed."
      case .missing: "\(places) missing."
      case .swapped:
        "Positions \(positions?.lowerBound ?? 0) and \(positions?.upperBound ?? 0) were swapped."
      case .unexpected: "\(places) there without a place of its own: a second row, or one before the first."
      case .unreadable: "\(places) not the row of an event."
      case .changedSomewhere:
        "\(places) not what was sealed, somewhere: the list of leaves of \(numbers) was changed too, so it cannot be said where."
      case .leavesChanged: "The list of leaves of \(numbers) was changed. The events are what was sealed."
      case .sealForged: "\(sealed) no valid signature."
      case .sealUnvouched: "\(sealed) been signed by a key that was neither given nor appointed"
      case .sealUnlinked: "\(numbers.capitalizedFirst) does not follow the seal before it."
      case .sealMissing: "The log lacks \(numbers)\(covering)."
      case .sealReplaced: "The log has another \(numbers) than the copy\(covering)."
      case .copyDamaged: "The copy cannot be believed about \(numbers)"
      case .headWrong: "The log's head is wrong"
      case .nothingSealed: "Nothing is sealed, so nothing can be said"
      case .exportCut: "The export was cut"
      }
    return detail.map { text.hasSuffix(".") ? "\(text) (\($0))" : "\(text): \($0)." }
      ?? (text.hasSuffix(".") ? text : text + ".")
  }

  private var isOne: Bool { positions?.count ?? 1 == 1 }

  private var positionText: String {
    guard let positions else { return "A position" }
    return isOne ? "Position \(positions.lowerBound)" : "Positions \(range(positions))"
  }

  private var places: String { "\(positionText) \(isOne ? "is" : "are")" }

  private var numbers: String {
    guard let seals else { return "a seal" }
    return seals.count == 1 ? "seal \(seals.lowerBound)" : "seals \(range(seals))"
  }

  private var sealed: String {
    "\(numbers.capitalizedFirst)\(covering) \(seals?.count == 1 ? "has" : "have")"
  }

  private var covering: String { positions.map { " (positions \(range($0)))" } ?? "" }

  private func range(_ range: ClosedRange<Int64>) -> String { "\(range.lowerBound)–\(range.upperBound)" }
}

extension String {
  fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension Finding: Encodable {
  private enum CodingKeys: CodingKey { case kind, positions, seals, message }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    try container.encode(positions.map { [$0.lowerBound, $0.upperBound] }, forKey: .positions)
    try container.encode(seals.map { [$0.lowerBound, $0.upperBound] }, forKey: .seals)
    try container.encode(description, forKey: .message)
  }
}
