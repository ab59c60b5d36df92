// SPDX-License-Identifier: Apache-2.0

/// The body came more slowly than the server waits for.
struct BodyTooSlow: Error {}
