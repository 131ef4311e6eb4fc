"""Judges bundles with the Python implementation of Sigstore, without a network.

Usage: IndependentVerifier.py <trusted root> <identity> <issuer> <bundle>...; an artifact lies beside each bundle that is
about a file. Prints one line for each bundle: its path, and "verified" or why it is refused.
"""

import pathlib
import sys

from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

root, identity, issuer, *bundles = sys.argv[1:]
verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
signer = policy.Identity(identity=identity, issuer=issuer)
for path in bundles:
    artifact = pathlib.Path(path).with_suffix(".artifact")
    try:
        bundle = Bundle.from_json(pathlib.Path(path).read_bytes())
        if artifact.exists():
            verifier.verify_artifact(artifact.read_bytes(), bundle, signer)
        else:
            verifier.verify_dsse(bundle, signer)
        print(path, "verified")
    except Exception as error:  # Whatever it is, it is no success.
        print(path, type(error).__name__, " ".join(str(error).split()))
