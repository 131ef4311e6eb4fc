#pragma once
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// What Swift cannot import: macros over variadic functions and the type-safe stacks, which are macros too.

static inline EVP_PKEY *copenssl_generate_ec(const char *group) { return EVP_EC_gen(group); }
static inline EVP_PKEY *copenssl_generate_rsa(size_t bits) { return EVP_RSA_gen(bits); }
static inline EVP_PKEY *copenssl_generate_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

static inline STACK_OF(X509) *copenssl_x509_stack_new(void) { return sk_X509_new_null(); }
/// Adds `certificate`, which the stack then owns; the caller gives up one reference. 1 on success.
static inline int copenssl_x509_stack_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate) > 0;
}
static inline int copenssl_x509_stack_count(const STACK_OF(X509) *stack) { return sk_X509_num(stack); }
/// Borrowed from the stack.
static inline X509 *copenssl_x509_stack_at(const STACK_OF(X509) *stack, int index) {
    return sk_X509_value(stack, index);
}
/// Frees the stack and one reference of each certificate in it.
static inline void copenssl_x509_stack_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }
/// Frees the stack but none of the certificates, which it did not own.
static inline void copenssl_x509_stack_free_shallow(STACK_OF(X509) *stack) { sk_X509_free(stack); }

/// The certificates that the token carries, borrowed from it; NULL when there are none.
static inline const STACK_OF(X509) *copenssl_token_certificates(const PKCS7 *token) {
    return PKCS7_type_is_signed(token) && token->d.sign != NULL ? token->d.sign->cert : NULL;
}
/// Whether the token's first signer has the signed attribute signing-certificate-v2 (RFC 5816).
static inline int copenssl_has_signing_certificate_v2(PKCS7 *token) {
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    if (signers == NULL || sk_PKCS7_SIGNER_INFO_num(signers) < 1) return 0;
    PKCS7_SIGNER_INFO *signer = sk_PKCS7_SIGNER_INFO_value(signers, 0);
    return PKCS7_get_signed_attribute(signer, NID_id_smime_aa_signingCertificateV2) != NULL;
}

static inline int copenssl_signer_count(PKCS7 *token) {
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    return signers == NULL ? 0 : sk_PKCS7_SIGNER_INFO_num(signers);
}
/// The NID of the hash that the token's first signer used, or NID_undef.
static inline int copenssl_signer_digest_nid(PKCS7 *token) {
    STACK_OF(PKCS7_SIGNER_INFO) *signers = PKCS7_get_signer_info(token);
    if (signers == NULL || sk_PKCS7_SIGNER_INFO_num(signers) < 1) return NID_undef;
    X509_ALGOR *digest = NULL;
    PKCS7_SIGNER_INFO_get0_algs(sk_PKCS7_SIGNER_INFO_value(signers, 0), NULL, &digest, NULL);
    if (digest == NULL) return NID_undef;
    const ASN1_OBJECT *object = NULL;
    X509_ALGOR_get0(&object, NULL, NULL, digest);
    return OBJ_obj2nid(object);
}
