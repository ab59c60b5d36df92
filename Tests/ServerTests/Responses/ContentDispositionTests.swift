// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct ContentDispositionTests {
  @Test(arguments: [
    ("beach.jpg", "attachment; filename=\"beach.jpg\""),
    ("two words.txt", "attachment; filename=\"two words.txt\""),
    ("naïve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
    ("a\"b\\c.txt", "attachment; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b%5Cc.txt"),
    ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
    ("a;b.txt", "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%3Bb.txt"),
    ("x\r\nSet-Cookie: a", "attachment; filename=\"x__Set-Cookie: a\"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a"),
    ("😀", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"),
    ("<script>", "attachment; filename=\"<script>\""),
    ("\u{202e}gpj.exe", "attachment; filename=\"_gpj.exe\"; filename*=UTF-8''%E2%80%AEgpj.exe"),
  ])
  func writesTheNameSafely(_ name: String, _ header: String) {
    #expect(ContentDisposition.attachment(name: name) == header)
  }
}
