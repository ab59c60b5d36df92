// SPDX-License-Identifier: Apache-2.0

/// Why nothing is sealed. Each needs a person; see docs/operations.md.
public enum SealerError: Error, Equatable, CustomStringConvertible {
  /// The last seal says that another key signs next.
  case notAppointed(SealPublicKey, by: Int64)
  /// The newest seal in the database is not one that its key made.
  case forged(number: Int64)
  /// An event is missing: sealing would make the hole official.
  case hole(Position)
  /// The copy's last seal is another than the database's of that number.
  case copyDiffers(number: Int64)

  public var description: String {
    switch self {
    case .notAppointed(let key, let number):
      "Seal \(number) appoints the key \(key), which is not configured here. Nothing is sealed."
    case .forged(let number):
      "Seal \(number) in the database has no valid signature. Nothing is sealed; run onefold verify."
    case .hole(let position):
      "The log lacks position \(position). Nothing is sealed; run onefold verify."
    case .copyDiffers(let number):
      "Seal \(number) in the database is another than in the copy. Nothing is sealed; run onefold verify --seals."
    }
  }
}
