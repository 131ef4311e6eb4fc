import Foundation
import Glibc
import HTTPTransport
import Testing

@Suite struct DescriptorTests {
    /// In a child: the limit on open files is the whole process's.
    @Test(.timeLimit(.minutes(2))) func aClientThatCouldNotStartSaysSo() async throws {
        await #expect(processExitsWith: .success) {
            // Timers open descriptors too, at their first use, and end the process when they get none. A sleep that is over
            // before it is begun, on a busy machine, opens none.
            func hasTimer() throws -> Bool {
                try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))?
                        .contains("timerfd") == true
                }
            }
            while try !hasTimer() { try await Task.sleep(for: .milliseconds(5)) }
            var limits = rlimit()
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
            let usual = limits.rlim_cur
            var messages: [String] = []
            repeat {
                // Room for one descriptor: by the second the thread would wait.
                let free = dup(0)
                close(free)
                limits.rlim_cur = rlim_t(free + 1)
                unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
                let client = CurlClient()
                let error = await #expect(throws: HTTPTransportError.self) {
                    try await client.send(HTTPRequest(url: "http://127.0.0.1:1/"))
                }
                await client.shutdown()
                limits.rlim_cur = usual
                unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
                messages.append(error?.message ?? "none")
                // Where the process has closed something meanwhile, there was room for more: then once more.
            } while messages.last?.contains("RLIMIT_NOFILE") == false && messages.count < 10
            #expect(messages.last?.contains("RLIMIT_NOFILE") == true, "\(messages)")
        }
    }
}
