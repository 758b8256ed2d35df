//! Which of several things of one name is meant. Pure.

use std::borrow::Cow;

/// SQL in which what is pgvector's is named with the schema that it is in. That schema is not searched: where anybody may make functions,
/// one whose parameters fit better than PostgreSQL's own would be called in its place.
pub(super) fn with_schema<'s>(sql: &'s str, schema: &str) -> Cow<'s, str> {
    if schema.is_empty() || !(sql.contains(TYPE) || OPERATORS.iter().any(|operator| sql.contains(operator))) {
        return Cow::Borrowed(sql);
    }
    let mut named = String::with_capacity(sql.len() + 64);
    for (at, part) in sql.split(TYPE).enumerate() {
        if at > 0 {
            let is_word = named.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
            named.extend(if is_word { [TYPE, "", ""] } else { [schema, ".", TYPE] });
        }
        named.push_str(part);
    }
    let qualified = |sql: String, operator: &&str| sql.replace(operator, &format!("OPERATOR({schema}.{operator})"));
    Cow::Owned(OPERATORS.iter().fold(named, qualified))
}

/// How names of pgvector begin, and its operators.
const TYPE: &str = "halfvec";
const OPERATORS: [&str; 2] = ["<#>", "<=>"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pgvectors_is_named_with_its_schema() {
        let named = |sql| with_schema(sql, "\"of all\"");
        assert_eq!(named("SELECT 1"), "SELECT 1");
        assert_eq!(named("SELECT a <#> $1::halfvec(3)"), "SELECT a OPERATOR(\"of all\".<#>) $1::\"of all\".halfvec(3)");
        assert_eq!(named("a <=> b"), "a OPERATOR(\"of all\".<=>) b");
        assert_eq!(named("halfvec, (halfvec_ip_ops)"), "\"of all\".halfvec, (\"of all\".halfvec_ip_ops)");
        assert_eq!(named("x.halfvec my_halfvec"), "x.halfvec my_halfvec");
        assert_eq!(with_schema("a::halfvec", ""), "a::halfvec");
    }
}
