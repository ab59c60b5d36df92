// SPDX-License-Identifier: Apache-2.0

import Crypto
import Foundation

/// 256 random bits, of which only the SHA-256 is kept.
struct RefreshToken {
  let text: String
  /// 32 bytes: the key in `account.refresh_token`.
  let hash: [UInt8]

  init() {
    let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
    self.init(
      text: bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""))
  }

  /// As a client sent it: anything may come.
  init(text: String) {
    self.text = text
    hash = Array(SHA256.hash(data: Data(text.utf8)))
  }
}
