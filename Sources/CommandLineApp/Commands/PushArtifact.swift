internal import Archiving
internal import CommandLineParsing
internal import Core
internal import Cryptography
internal import FileSystem
internal import OCI
internal import RegistryClient
internal import YAMLCoding

/// `sourcectl push artifact`: packs a folder or file and publishes it.
struct PushArtifact: Command {
    private static let files = Flag.string("path", shorthand: "f", help: "folder or file to publish (required)")
    private static let source = Flag.string(
        "source", placeholder: "url", help: "where the content is from, such as a Git remote (required)")
    private static let revision = Flag.string(
        "revision", help: "the content's revision, such as '<branch>@sha1:<commit>' (required)")
    private static let annotations = Flag.strings(
        "annotations", shorthand: "a", placeholder: "key=value", help: "an annotation of the manifest; repeatable")
    private static let output = Flag.string(
        "output", shorthand: "o", choices: ["", "json", "yaml"], help: "print the result in this format")
    private static let ignore = Flag.strings(
        "ignore-paths", placeholder: "pattern", default: PackedLayer.defaultIgnores, separator: ",",
        help: "paths to leave out, in .gitignore format")
    private static let reproducible = Flag.bool(
        "reproducible", help: "set the created annotation to 1970-01-01, so that equal content gives an equal digest")

    let path = ["push", "artifact"]
    let usage = "oci://<repository>:<tag> --path <path> --source <url> --revision <revision>"
    let summary = "Pack a folder and push it to a registry as an artifact"

    var flags: FlagSet {
        var flags = FlagSet()
        flags.add(Self.files)
        flags.add(Self.source)
        flags.add(Self.revision)
        flags.add(Self.annotations)
        flags.add(Self.output)
        flags.add(Self.ignore)
        flags.add(Self.reproducible)
        RegistryFlags.add(to: &flags)
        return flags
    }

    func run(_ flags: ParsedFlags, _ context: CommandContext) async throws {
        let reference = try flags.artifact()
        guard reference.digest == nil else {
            throw CommandLineError(.arguments, "an artifact is pushed to a tag; remove the digest from the URL")
        }
        for flag in [Self.files, Self.source, Self.revision] where flags[flag].isEmpty {
            throw CommandLineError(.missingValue, "--\(flag.definition.name) is required")
        }
        guard await InputFile.exists(flags[Self.files]) else {
            throw CommandLineError(
                .invalidValue,
                "--path: there is no file or folder '\(RemoteText.printable(flags[Self.files], limit: 200))'; name what to publish"
            )
        }
        let annotations = try annotations(flags, context)
        let tag = reference.tag ?? ManifestReference.defaultTag
        let repository = try await RegistryFlags.repository(reference.repository, flags, context)
        let isQuiet = !flags[Self.output].isEmpty
        if !isQuiet { context.note("pushing artifact to \(reference.repository):\(tag)") }

        let layer = try await PackedLayer.pack(
            path: flags[Self.files], ignoring: flags[Self.ignore], environment: context.environment)
        if !isQuiet, !layer.skipped.isEmpty {
            context.note("left out what is neither file nor folder: \(layer.skipped.joined(separator: ", "))")
        }
        let config = Self.config(of: layer)
        let configDescriptor = Descriptor(
            mediaType: .fluxConfig, digest: .of(config), size: Int64(config.count))
        let layerDescriptor = Descriptor(mediaType: .fluxContent, digest: layer.digest, size: layer.size)
        try await repository.push(layerDescriptor, content: layer.content)
        try await repository.push(configDescriptor, content: .bytes(config))
        let manifest = ImageManifest(config: configDescriptor, layers: [layerDescriptor], annotations: annotations)
        let pushed = try await repository.push(
            manifest: manifest.serialized(), mediaType: .ociManifest, reference: .tag(tag))

        if !isQuiet {
            context.succeed("artifact successfully pushed to \(reference.repository)@\(pushed.digest)")
            return
        }
        let result: JSONValue = [
            "url": .string("oci://\(reference.repository)@\(pushed.digest)"),
            "repository": .string(reference.repository.description), "tag": .string(tag),
            "digest": .string(pushed.digest.description),
        ]
        context.streams.output(
            flags[Self.output] == "yaml" ? Self.withoutNewline(YAML.serialize(result)) : result.text(.pretty))
    }

    private func annotations(
        _ flags: ParsedFlags, _ context: CommandContext
    ) throws(CommandLineError) -> [String: String] {
        let created = flags[Self.reproducible] ? Timestamp(seconds: 0) : context.time.now
        var annotations = [
            AnnotationKey.created: created.rfc3339, AnnotationKey.source: flags[Self.source],
            AnnotationKey.revision: flags[Self.revision],
        ]
        for text in flags[Self.annotations] {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw CommandLineError(
                    .invalidValue,
                    "invalid value '\(RemoteText.printable(text, limit: 200))' for --annotations: must be key=value")
            }
            annotations[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return annotations
    }

    /// An image configuration that says what the layer unpacks to, as other tools expect.
    private static func config(of layer: PackedLayer) -> [UInt8] {
        let value: JSONValue = [
            "architecture": "", "os": "", "config": [:],
            "rootfs": ["type": "layers", "diff_ids": [.string(layer.unpackedDigest.description)]],
        ]
        return value.serialized()
    }

    private static func withoutNewline(_ text: String) -> String {
        text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
