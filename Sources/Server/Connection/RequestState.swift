// SPDX-License-Identifier: Apache-2.0

/// Where a connection is between the heads of requests and the ends of their answers.
///
/// Requests may be pipelined: the one that is being received can be a later one than the one that is being answered.
struct RequestState: Equatable {
  enum AfterAnswer { case keepOpen, closeAfterwards }

  private var heads = 0
  private var ends = 0
  private var answers = 0
  private var windowBytes = 0
  private var isAnswering = false
  private var closes = false
  private var isDraining = false

  /// A head has come and its end has not.
  var isReceiving: Bool { heads > ends }

  /// Every request that has come is answered.
  var isIdle: Bool { heads == answers }

  /// The next answer is the last one.
  mutating func drain() { isDraining = true }

  mutating func requestBegan() {
    heads += 1
    windowBytes = 0
  }

  mutating func bodyCame(bytes: Int) { windowBytes += bytes }

  mutating func requestEnded() { ends += 1 }

  /// A client that has begun its body, or has an answer already, does not wait for permission.
  var mayContinue: Bool { isReceiving && heads == answers + 1 && windowBytes == 0 && !isAnswering }

  /// Bytes of the body since the last call.
  mutating func takeWindow() -> Int {
    defer { windowBytes = 0 }
    return windowBytes
  }

  mutating func answerBegan() -> AfterAnswer {
    isAnswering = true
    // The request that is answered is the first without an answer; has its own end come?
    closes = closes || isDraining || ends <= answers
    return closes ? .closeAfterwards : .keepOpen
  }

  mutating func answerEnded() -> AfterAnswer {
    isAnswering = false
    answers += 1
    return closes ? .closeAfterwards : .keepOpen
  }
}
