// swift-tools-version: 6.2

import PackageDescription

// Layer rules live here: a target may depend only on targets of the layers below it, only layer 2 sees a C module,
// and the layers without C compile with every warning (strict memory safety among them) as an error.

let commonSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
]

/// Layers 1, 3, 4 and 5: no pointers, no warnings.
let pureSettings = commonSettings + [.treatAllWarnings(as: .error)]

/// Layer 2: wraps one C library each; every unsafe expression is marked.
let wrapperSettings = commonSettings

func pure(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: pureSettings)
}

func wrapper(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: wrapperSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], besides files: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies, exclude: files,
        swiftSettings: commonSettings)
}

let package = Package(
    name: "source-controller",
    products: [
        .executable(name: "source-controller", targets: ["source-controller"]),
        .executable(name: "sourcectl", targets: ["sourcectl"]),
    ],
    targets: [
        // Layer 0: C libraries.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CISAL", pkgConfig: "libisal", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CEvent", linkerSettings: [.linkedLibrary("event_core")]),
        .target(name: "CSpawn"),
        .target(name: "CAllocator"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        // Layer 1.
        pure("Core", []),
        pure("CommandLineParsing", ["Core"]),

        // Layer 2: one C library each.
        wrapper("HTTPTransport", ["Core", "CCurl", "COpenSSL"]),
        wrapper("HTTPServing", ["Core", "CEvent"]),
        wrapper("Cryptography", ["Core", "COpenSSL", "CSodium"]),
        wrapper("FileSystem", ["Core"]),
        wrapper("Terminal", []),
        wrapper("Archiving", ["Core", "FileSystem", "CISAL", "CZlib"]),
        wrapper("YAMLCoding", ["Core", "CYAML"]),
        wrapper("RegularExpressions", ["Core", "CRE2"]),
        wrapper("Subprocesses", ["CSpawn", "Core"]),
        wrapper("Allocator", ["CAllocator"]),

        // Layer 3.
        pure("KubernetesAPI", ["Core"]),
        pure("KubernetesClient", ["Core", "KubernetesAPI", "HTTPTransport", "YAMLCoding", "Subprocesses"]),
        pure("ControllerRuntime", ["Core", "KubernetesAPI", "KubernetesClient", "HTTPTransport"]),
        pure("OCI", ["Core"]),
        pure("RegistryClient", ["Core", "OCI", "HTTPTransport", "Cryptography", "Subprocesses"]),
        pure("Verification", ["Core", "OCI", "Cryptography", "RegularExpressions"]),
        pure("RevocationClient", ["Core", "HTTPTransport", "Verification"]),
        pure("ArtifactStore", ["Core", "FileSystem", "Cryptography", "Archiving", "HTTPServing"]),
        pure(
            "SourceReconcilers",
            [
                "Core", "Cryptography", "KubernetesAPI", "KubernetesClient", "ControllerRuntime", "OCI",
                "RegistryClient",
                "ArtifactStore", "Archiving", "RegularExpressions", "Verification", "HTTPTransport",
            ]),
        pure(
            "EmbeddedAPIServer",
            ["Core", "KubernetesAPI", "HTTPServing", "Cryptography", "YAMLCoding", "RegularExpressions"]),

        // Layer 4.
        pure(
            "ControllerApp",
            [
                "Core", "HTTPTransport", "HTTPServing", "KubernetesAPI", "KubernetesClient", "ControllerRuntime", "OCI",
                "RegistryClient", "ArtifactStore", "SourceReconcilers", "EmbeddedAPIServer", "CommandLineParsing",
                "Allocator", "Cryptography", "Verification", "RevocationClient",
            ],
            resources: [.embedInCode("Resources/ocirepositories.yaml")]),
        pure(
            "CommandLineApp",
            [
                "Core", "RevocationClient", "OCI", "RegistryClient", "HTTPTransport", "KubernetesClient", "Archiving",
                "Cryptography",
                "CommandLineParsing", "Subprocesses", "FileSystem", "YAMLCoding", "Verification", "RegularExpressions",
            ]),

        // Layer 5: executables.
        .executableTarget(
            name: "source-controller", dependencies: ["ControllerApp"], path: "Sources/source-controller",
            swiftSettings: pureSettings),
        .executableTarget(
            name: "sourcectl", dependencies: ["CommandLineApp", "Core", "Subprocesses", "Terminal"],
            path: "Sources/sourcectl",
            swiftSettings: pureSettings),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["Core", "CSpawn", "HTTPServing"], path: "Tests/TestSupport",
            swiftSettings: commonSettings),
        .target(
            name: "TestPKI", dependencies: ["Core", "Cryptography"], path: "Tests/TestPKI",
            swiftSettings: commonSettings),
        .target(
            name: "VerificationFixtures",
            dependencies: ["Core", "OCI", "Cryptography", "Verification", "TestPKI", "TestSupport"],
            path: "Tests/VerificationFixtures", swiftSettings: commonSettings),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Core", "OCI", "Cryptography", "RegularExpressions", "Verification", "TestPKI", "TestSupport",
                "VerificationFixtures",
            ],
            path: "Tests/FuzzTargets", exclude: ["corpus.json"], swiftSettings: commonSettings),
        .executableTarget(
            name: "fuzz", dependencies: ["Cryptography", "FuzzTargets", "TestSupport"], path: "Tests/Fuzz",
            swiftSettings: commonSettings),
        tests("Core", []),
        tests("HTTPTransport", ["Core", "HTTPServing"]),
        tests("HTTPServing", ["Core"]),
        tests("Cryptography", ["Core", "TestPKI"]),
        tests("FileSystem", ["Core"]),
        tests("Archiving", ["Core", "FileSystem", "Cryptography"]),
        tests("YAMLCoding", ["Core"]),
        tests("RegularExpressions", ["Core"]),
        tests("Subprocesses", []),
        tests("CommandLineParsing", ["Core"]),
        tests("KubernetesAPI", ["Core"]),
        tests("KubernetesClient", ["Core", "KubernetesAPI", "HTTPTransport", "HTTPServing", "YAMLCoding"]),
        tests(
            "ControllerRuntime",
            ["Core", "KubernetesAPI", "KubernetesClient", "HTTPTransport", "HTTPServing", "EmbeddedAPIServer"]),
        tests("OCI", ["Core"]),
        tests("RegistryClient", ["Core", "OCI", "HTTPTransport", "HTTPServing", "Cryptography"]),
        tests(
            "Verification",
            [
                "Core", "OCI", "Cryptography", "RegularExpressions", "TestPKI", "VerificationFixtures", "FuzzTargets",
                "fuzz",
            ], besides: ["IndependentVerifier.py"]),
        tests("RevocationClient", ["Core", "HTTPTransport", "Verification"]),
        tests("ArtifactStore", ["Core", "FileSystem", "Archiving", "Cryptography", "HTTPServing", "HTTPTransport"]),
        tests(
            "SourceReconcilers",
            [
                "Core", "KubernetesAPI", "KubernetesClient", "ControllerRuntime", "OCI", "RegistryClient",
                "ArtifactStore", "Archiving", "Cryptography", "HTTPServing", "HTTPTransport", "EmbeddedAPIServer",
                "Verification", "TestPKI", "VerificationFixtures",
            ]),
        tests("EmbeddedAPIServer", ["Core", "KubernetesAPI", "HTTPServing", "HTTPTransport", "YAMLCoding"]),
        tests(
            "ControllerApp",
            [
                "Core", "CommandLineParsing", "ControllerRuntime", "Cryptography", "HTTPServing", "HTTPTransport",
                "RegistryClient", "SourceReconcilers",
                "Verification", "TestPKI", "VerificationFixtures",
            ]),
        tests(
            "CommandLineApp",
            ["Core", "OCI", "HTTPTransport", "RegistryClient", "Cryptography", "Verification", "TestPKI"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Core", "Cryptography", "HTTPTransport", "HTTPServing", "TestPKI", "TestSupport",
                "VerificationFixtures", "source-controller", "sourcectl",
            ],
            swiftSettings: commonSettings),
    ],
    swiftLanguageModes: [.v6]
)

// Benchmarks are built only when asked for, so that toggling them rebuilds nothing else.
if Context.environment["ENABLE_BENCHMARKS"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "Core", "OCI", "HTTPTransport", "HTTPServing", "Cryptography", "KubernetesClient", "Verification",
                "TestSupport", "TestPKI", "VerificationFixtures",
            ],
            path: "Benchmarks", swiftSettings: commonSettings))
}
