extension HTTPServer {
    /// The bounds and time-outs of a server.
    package struct Configuration: Sendable {
        /// `host:port`, `[IPv6]:port`, or `:port` for all interfaces, IPv6 and IPv4; port 0 lets the system choose.
        package var address: String
        /// A short name for threads and messages.
        package var name: String
        /// Event loops, one thread each.
        package var threads = 2
        /// The longest request head, in bytes; longer ones get 431.
        package var maxHeaderBytes = 32_768
        /// The most header fields; more get 431.
        package var maxHeaderCount = 100
        /// The longest request content, in bytes; longer ones get 413, before they are read where the length is declared.
        package var maxBodyBytes = 1_048_576
        /// The most connections; further ones get 503 and are closed.
        package var maxConnections = 4096
        /// How long a request's head may take from its first byte (the first request's from the connection on).
        package var headerTimeout: Duration = .seconds(10)
        /// How long a request's content may take.
        package var bodyTimeout: Duration = .seconds(60)
        /// How long a connection may be kept between two requests.
        package var idleTimeout: Duration = .seconds(90)
        /// How long a client may take nothing of a response.
        package var writeTimeout: Duration = .seconds(30)
        /// How many bytes of a streamed response may wait for its client before the writer has to wait.
        package var streamBufferBytes = 262_144
        /// How long responses in flight may take once the server stops.
        package var gracePeriod: Duration = .seconds(5)

        /// A configuration with the defaults, which suit an internal service.
        package init(address: String, name: String = "http") {
            self.address = address
            self.name = name
        }
    }
}
