import TestSupport

/// What the pages for operators quote of the messages of failures, by the case that provokes each.
enum QuotedFaults {
    static let quotes: [String: [Quote]] = [
        "too many keys": [
            Quote(
                #"Secret 'apps/keys' of spec.verify.secretRef: has 33 keys whose names end in '.pub'; remove those that are not needed, 32 are accepted"#
            )
        ],
        "an empty subject": [
            Quote(
                #"matchOIDCIdentity: 'subject' is empty and would accept any subject; write '.*' if that is meant"#)
        ],
        "a URL with a tag": [
            Quote(
                #"URL validation failed for 'oci://127.0.0.1:5051/team/app:1.0.0': URL must not contain a tag; remove ':1.0.0'"#
            )
        ],
        "a URL with a digest": [
            Quote(
                #"URL validation failed for 'oci://127.0.0.1:5051/team/app@sha256:aaaa...': URL must not contain a digest; remove '@sha256:aaaa...'"#
            )
        ],
        "a URL with a space": [
            Quote(
                #"URL validation failed for 'oci://Bad Host/x': registry 'Bad Host' is not a host name with an optional port"#
            )
        ],
        "a URL in capitals": [
            Quote(
                #"URL validation failed for 'oci://127.0.0.1:5051/Team/App': repository 'Team/App' must be in lower case"#
            )
        ],
        "no tag": [
            Quote(
                #"failed to determine the artifact tag for 'oci://127.0.0.1:5051/team/app': spec.ref.tag: tag 'a b' is invalid; a tag has 1 to 128 letters, digits, '_', '.' or '-' and starts with none of '.' and '-'"#
            ),
            Quote(
                #"spec.ref.tag: tag 'a b' is invalid; a tag has 1 to 128 letters, digits, '_', '.' or '-' and starts with none of '.' and '-'"#
            ),
        ],
        "no digest": [
            Quote(
                #"failed to determine artifact digest: spec.ref.digest: a sha256 digest has 64 hexadecimal digits, not 3"#
            ),
            Quote(
                #"spec.ref.digest: a sha256 digest has 64 hexadecimal digits, not 3"#),
        ],
        "no match": [
            Quote(
                #"failed to determine the artifact tag for 'oci://127.0.0.1:5051/team/app': no match found for semver: >=9.0.0"#
            ),
            Quote(
                #"no match found for semver: >=9.0.0"#),
        ],
        "no match after the filter": [
            Quote(
                #"failed to determine the artifact tag for 'oci://127.0.0.1:5051/team/app': no match found for semver: * among the tags that match semverFilter '^9'"#
            ),
            Quote(
                #"no match found for semver: * among the tags that match semverFilter '^9'"#),
        ],
        "no range": [
            Quote(
                #"failed to determine the artifact tag for 'oci://127.0.0.1:5051/team/app': semver 'one to three' parse error: improper constraint: one to three"#
            ),
            Quote(
                #"semver 'one to three' parse error: improper constraint: one to three"#),
        ],
        "no expression": [
            Quote(
                #"failed to determine the artifact tag for 'oci://127.0.0.1:5051/team/app': semverFilter 'a(b' parse error: the regular expression 'a(b' is invalid: missing ): 'a(b' at byte 0"#
            ),
            Quote(
                #"semverFilter 'a(b' parse error: the regular expression 'a(b' is invalid: missing ): 'a(b' at byte 0"#),
        ],
        "a pin that does not hold": [
            Quote(
                #"failed to determine artifact digest: tag '1.0.0' of '127.0.0.1:5051/team/app' has digest sha256:dcc74ba7..., but spec.ref.tag pins it to sha256:aaaa...; correct the pin or the tag"#
            ),
            Quote(
                #"tag '1.0.0' of '127.0.0.1:5051/team/app' has digest sha256:dcc74ba7..., but spec.ref.tag pins it to sha256:aaaa...; correct the pin or the tag"#
            ),
        ],
        "a layer that is not there": [
            Quote(
                #"failed to find layer with media type 'application/x' in artifact; it has 'application/vnd.cncf.flux.content.v1.tar+gzip'"#
            )
        ],
        "no layers": [
            Quote(
                #"no layers found in artifact"#)
        ],
        "a cloud login": [
            Quote(
                #"failed to get credential from aws: logging in to cloud registries is not supported; use provider 'generic' with a secretRef, or public access"#
            )
        ],
        "an identity of the object's own": [
            Quote(
                #"to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate in the controller"#
            )
        ],
        "no such Secret": [
            Quote(
                #"Secret 'apps/missing' of spec.secretRef does not exist; create it or correct the name"#),
            Quote(
                #"failed to get credential: Secret 'apps/missing' of spec.secretRef does not exist; create it or correct the name"#
            ),
        ],
        "a Secret of another shape": [
            Quote(
                #"Secret 'apps/odd' of spec.secretRef: is of type 'Opaque' and has neither the key '.dockerconfigjson' nor '.dockercfg'; create it with 'kubectl create secret docker-registry'"#
            ),
            Quote(
                #"failed to get credential: Secret 'apps/odd' of spec.secretRef: is of type 'Opaque' and has neither the key '.dockerconfigjson' nor '.dockercfg'; create it with 'kubectl create secret docker-registry'"#
            ),
        ],
        "a Secret that is no JSON": [
            Quote(
                #"Secret 'apps/odd' of spec.secretRef: .dockerconfigjson is not valid JSON (line 1, column 2)"#),
            Quote(
                #"failed to get credential: Secret 'apps/odd' of spec.secretRef: .dockerconfigjson is not valid JSON (line 1, column 2)"#
            ),
        ],
        "no such service account": [
            Quote(
                #"service account 'apps/nobody' of spec.serviceAccountName does not exist; create it or correct the name"#
            ),
            Quote(
                #"failed to get credential: service account 'apps/nobody' of spec.serviceAccountName does not exist; create it or correct the name"#
            ),
        ],
        "a service account with a missing Secret": [
            Quote(
                #"Secret 'apps/missing' of service account 'puller' does not exist; create it or correct the name"#),
            Quote(
                #"failed to get credential: Secret 'apps/missing' of service account 'puller' does not exist; create it or correct the name"#
            ),
        ],
        "401": [
            Quote(
                #"HTTP 401, UNAUTHORIZED: authentication required; anonymous: the object names no secretRef and no serviceAccountName; give credentials"#
            )
        ],
        "a Secret for other hosts": [
            Quote(
                #"HTTP 401, UNAUTHORIZED: authentication required; anonymous: no entry of Secret 'pull' is for '127.0.0.1:5051/team/app'; there are 'ghcr.io'; give credentials"#
            )
        ],
        "a wrong password": [
            Quote(
                #"HTTP 401, UNAUTHORIZED: authentication required; the credentials of Secret 'apps/pull' of spec.secretRef, entry '127.0.0.1:5051' were used; check them"#
            )
        ],
        "403": [
            Quote(
                #"HTTP 403, DENIED: requested access to the resource is denied; anonymous: the object names no secretRef and no serviceAccountName; credentials may be needed"#
            )
        ],
        "too many identities": [
            Quote(#"spec.verify.matchOIDCIdentity has 65 entries; join their expressions with '|', 64 are accepted"#)
        ],
        "too many pull secrets": [
            Quote(
                #"service account 'apps/puller' of spec.serviceAccountName has 65 imagePullSecrets; remove those that are not needed, 64 are accepted"#
            )
        ],
        "403 of the storage": [
            Quote(
                #"redirected to 'localhost:5051': HTTP 403, AccessDenied; it is sent no credentials: see that no proxy or firewall in between refuses, and that the registry's clock and storage are in order"#
            )
        ],
        "404": [
            Quote(
                #"failed to determine artifact digest: cannot resolve tag '1.0.0' of 'team/app' at registry '127.0.0.1:5051': HTTP 404, MANIFEST_UNKNOWN: manifest unknown; the repository has no such tag or digest"#
            ),
            Quote(
                #"HTTP 404, MANIFEST_UNKNOWN: manifest unknown; the repository has no such tag or digest"#),
        ],
        "404 for the repository": [
            Quote(
                #"HTTP 404, NAME_UNKNOWN: repository name not known to registry; the registry has no such repository (or hides it from these credentials)"#
            )
        ],
        "429 with a time to wait": [
            Quote(
                #"HTTP 429; the registry asks to wait"#)
        ],
        "500": [
            Quote(
                #"HTTP 500"#)
        ],
        "no such Secret for TLS": [
            Quote(
                #"Secret 'apps/missing' of spec.certSecretRef does not exist; create it or correct the name"#)
        ],
        "none of the keys": [
            Quote(
                #"Secret 'apps/tls' of spec.certSecretRef: has none of the keys 'tls.crt' with 'tls.key', and 'ca.crt'"#
            )
        ],
        "a certificate without its key": [
            Quote(
                #"Secret 'apps/tls' of spec.certSecretRef: has 'tls.crt' but not 'tls.key'; both or neither are needed"#
            )
        ],
        "a key without its certificate": [
            Quote(
                #"Secret 'apps/tls' of spec.certSecretRef: has 'tls.key' but not 'tls.crt'; both or neither are needed"#
            )
        ],
        "a CA that is no PEM": [
            Quote(
                #"Secret 'apps/tls' of spec.certSecretRef: ca.crt has no PEM block BEGIN CERTIFICATE"#)
        ],
        "a key of another certificate": [
            Quote(
                #"Secret 'apps/tls' of spec.certSecretRef: tls.key is not the private key of the first certificate in tls.crt"#
            )
        ],
        "certificate of nobody we trust": [
            Quote(
                #"tls: certificate of 127.0.0.1:5053 is not trusted: unable to get local issuer certificate (20); add its CA as ca.crt in certSecretRef"#
            )
        ],
        "no such Secret for the proxy": [
            Quote(
                #"failed to get proxy address: Secret 'apps/missing' of spec.proxySecretRef does not exist; create it or correct the name"#
            )
        ],
        "no address": [
            Quote(
                #"failed to get proxy address: Secret 'apps/proxy' of spec.proxySecretRef: has no key 'address'"#)
        ],
        "another scheme": [
            Quote(
                #"failed to get proxy address: Secret 'apps/proxy' of spec.proxySecretRef: key 'address': the proxy address has a scheme other than http, https and socks5"#
            )
        ],
        "an address that is too long": [
            Quote(
                #"failed to get proxy address: Secret 'apps/proxy' of spec.proxySecretRef: key 'address': the proxy address is longer than 2048 characters"#
            )
        ],
        "a proxy that is not there": [
            Quote(
                #"could not connect to proxy http://127.0.0.1:9: connection refused"#)
        ],
        "unknown host": [
            Quote(
                #"could not resolve host no-such-host.invalid"#)
        ],
        "refused connection": [
            Quote(
                #"could not connect to 127.0.0.1:1: connection refused"#)
        ],
        "an answer that never begins": [
            Quote(
                #"failed to determine artifact digest: cannot resolve tag '1.0.0' of 'team/app' at registry '127.0.0.1:5051': not done within 1s (spec.timeout); raise it for large content or slow lines, or see why 127.0.0.1:5051 does not answer"#
            ),
            Quote(
                #"not done within 1s (spec.timeout); raise it for large content or slow lines, or see why 127.0.0.1:5051 does not answer"#
            ),
        ],
        "a silent registry without TLS": [
            Quote(
                #"127.0.0.1:5051 sent nothing for 300 ms over plain HTTP; see that a registry listens there, and that it works"#
            )
        ],
        "a timeout of nothing": [
            Quote(
                #"failed to determine artifact digest: spec.timeout is 0s, less than the 1ms that any request needs; correct it, or leave it out for 60s"#
            )
        ],
        "a password with a line end": [
            Quote(
                #"HTTP 401, UNAUTHORIZED: authentication required; the credentials of Secret 'apps/pull' of spec.secretRef, entry '127.0.0.1:5051' were used (the password ends in a line break: 'printf' and 'echo -n' write none); check them"#
            )
        ],
        "a layer that stalls": [
            Quote(
                #"failed to pull artifact from 'oci://127.0.0.1:5051/team/app': ...: not done within 4s (spec.timeout); raise it for large content or slow lines"#
            )
        ],
        "a silent layer that stalls": [
            Quote(
                #"127.0.0.1:5051 sent nothing for 300 ms"#)
        ],
        "an index for other machines only": [
            Quote(
                #"failed to pull artifact from 'oci://127.0.0.1:5051/team/app': the index has neither a single artifact manifest nor one for linux/amd64; it lists linux/arm64, windows/amd64. Name a digest in spec.ref.digest or a media type in spec.layerSelector"#
            ),
            Quote(
                #"the index has neither a single artifact manifest nor one for linux/amd64; it lists linux/arm64, windows/amd64. Name a digest in spec.ref.digest or a media type in spec.layerSelector"#
            ),
        ],
        "text": [
            Quote(
                #"the data does not start with the gzip magic number"#)
        ],
        "gzip of no tar": [
            Quote(
                #"the unpacked data is no tar archive: its first header has no valid checksum"#)
        ],
        "an absolute path": [
            Quote(
                #"the archive has an absolute path: '/etc/passwd'"#)
        ],
        "a path out of the root": [
            Quote(
                #"the archive has a path with '..' in it: '../evil'"#)
        ],
        "a layer too large": [
            Quote(
                #"the layer has 300281 bytes, more than the limit of 200000 (--layer-size-limit)"#)
        ],
        "a bomb by size": [
            Quote(
                #"the layer unpacks to more than the limit of 60000000 bytes (--unpacked-size-limit)"#)
        ],
        "a bomb by ratio": [
            Quote(
                #"the layer unpacks to more than 200 times its size (--compression-ratio-limit), which looks like a decompression bomb"#
            )
        ],
        "too many ignore rules": [Quote(#"there are more than 20000 ignore rules"#)],
        "too many entries": [
            Quote(
                #"the layer has more than the limit of 100 files and folders (--entry-count-limit)"#)
        ],
        "a path too long": [
            Quote(
                #"the archive has a path of 81 bytes, more than the limit of 30 (--path-length-limit): 'd/d/d/...'"#)
        ],
        "a path too deep": [
            Quote(
                #"the archive has a path 41 folders deep, more than the limit of 20 (--path-depth-limit): 'd/d/d/...'"#)
        ],
        "a full store": [
            Quote(
                #"the store has no room for a layer of 538 bytes within its limit of 600 (--storage-size-limit); raise the limit, or keep less with --artifact-retention-records"#
            ),
            Quote(
                #"unable to archive artifact to storage: the store has no room for a layer of 538 bytes within its limit of 600 (--storage-size-limit); raise the limit, or keep less with --artifact-retention-records"#
            ),
        ],
        "a layer that drips": [
            Quote(
                #"it came slower than the limit of 1024 bytes/s (--download-rate-minimum); look at the registry and the line to it, or lower the limit"#
            )
        ],
        "HTML with 200": [
            Quote(
                #"answered HTML instead of JSON: is this a registry? Check its host and port"#)
        ],
        "an endless manifest": [
            Quote(
                #"the answer is larger than the limit of 4194304 bytes"#)
        ],
        "another manifest than the digest names": [
            Quote(
                #"the registry sent other bytes: their digest is sha256:bafebd36..., not sha256:0000..."#)
        ],
        "no signature": [
            Quote(
                #"no matching signatures were found for '127.0.0.1:5051/team/app@sha256:6e157705...': it has neither a Sigstore bundle as a referrer nor the tag 'sha256-....sig'"#
            )
        ],
        "no Secret with keys": [
            Quote(
                #"Secret 'apps/missing' of spec.verify.secretRef does not exist; create it or correct the name"#)
        ],
        "a Secret without keys": [
            Quote(
                #"Secret 'apps/keys' of spec.verify.secretRef: has no key whose name ends in '.pub'; add the public key as 'cosign.pub'"#
            )
        ],
        "a key that is none": [
            Quote(
                #"Secret 'apps/keys' of spec.verify.secretRef: key 'cosign.pub': there is no PEM block in it"#)
        ],
        "keyless for everybody": [
            Quote(
                #"keyless verification would accept anybody: add who may sign ..."#)
        ],
        "no trust root in the Secret": [
            Quote(
                #"Secret 'apps/root' of spec.verify.trustedRootSecretRef: has no key 'trusted_root.json'"#)
        ],
        "an identity that is no expression": [
            Quote(
                #"matchOIDCIdentity: the regular expression '(' is invalid: missing ): '(' at byte 0"#)
        ],
        "a trust root that is none": [
            Quote(
                #"Secret 'apps/root' of spec.verify.trustedRootSecretRef: key 'trusted_root.json': trusted_root.json is not usable: mediaType '' is not supported"#
            )
        ],
        "a trust policy of no level": [
            Quote(
                #"Secret 'apps/trust' of spec.verify.secretRef: the trust policy cannot be used: the level 'strictt' is none of strict, permissive, audit and skip"#
            )
        ],
        "a trust policy that is no JSON": [
            Quote(
                #"Secret 'apps/trust' of spec.verify.secretRef: the trust policy cannot be used: it is no valid JSON: line 2, column 1: expected a member name in double quotes"#
            )
        ],
        "no trust policy": [
            Quote(
                #"Secret 'apps/trust' of spec.verify.secretRef: the Secret has no trust policy; add one under the key 'trustpolicy.json'"#
            )
        ],
        "no certificate for a trust store": [
            Quote(
                #"Secret 'apps/trust' of spec.verify.secretRef: the trust stores cannot be used: there is no certificate; add one as a key that ends in '.crt' or '.pem'"#
            )
        ],
        "Notation without a Secret": [
            Quote(
                #"spec.verify.secretRef is missing; name a Secret with 'trustpolicy.json' and certificates"#)
        ],
        "no Notation signature": [
            Quote(
                #"no matching signatures were found for '127.0.0.1:5051/team/app@sha256:6e157705...': it has no referrer of the type 'application/vnd.cncf.notary.signature'"#
            )
        ],
        "a trust policy for other registries": [
            Quote(
                #"no statement of the trust policy applies to '127.0.0.1:5051/team/app'; add it, or '*', to 'registryScopes'"#
            )
        ],
    ]
}
