#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled RE2 expression; free it with `cre2_free`.
typedef struct cre2_expression cre2_expression;

/// Compiles `pattern` (`length` bytes, UTF-8). Never returns NULL unless memory is exhausted; ask `cre2_error`.
cre2_expression *cre2_compile(const char *pattern, size_t length, int64_t max_memory);

/// The compile error as a NUL-terminated text owned by the expression, or NULL when it compiled.
const char *cre2_error(const cre2_expression *expression);

/// The fragment of the pattern at which compiling failed, owned by the expression, or NULL when it compiled.
const char *cre2_error_fragment(const cre2_expression *expression);

/// 1 when some part of `text` matches, else 0.
int cre2_matches(const cre2_expression *expression, const char *text, size_t length);

void cre2_free(cre2_expression *expression);

#ifdef __cplusplus
}
#endif
