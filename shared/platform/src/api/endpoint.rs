//! One operation: its handler and everything OpenAPI says about it, declared once.

use std::sync::Arc;

use actix_web::http::Method;
use futures::future::BoxFuture;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Ref, RefOr, Required, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use super::{Answer, Code, Problem, Request};
use crate::auth::Role;

/// The scheme of a token with roles.
pub(crate) const BEARER: &str = "bearer";
/// The scheme of one key for all that a service lets its only caller do.
const API_KEY: &str = "api_key";

type Handler<S> = Arc<dyn Fn(S, Request) -> BoxFuture<'static, Result<Answer, Problem>> + Send + Sync>;

/// An operation of the API. `S` is the service's state, cloned for each request.
pub struct Endpoint<S> {
    pub(crate) method: Method,
    pub(crate) handler: Handler<S>,
    pub(crate) about: About,
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    /// A message that its sender has signed; the handler verifies it.
    Signed,
    /// A valid token with at least one of these roles; any valid token if the list is empty.
    Roles(&'static [Role]),
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Json,
    MergePatch,
    Form,
}

impl Access {
    /// Whether a token is asked for.
    pub(crate) const fn needs_token(self) -> bool {
        match self {
            Self::Public | Self::Signed => false,
            Self::Roles(_) => true,
        }
    }
}

impl BodyKind {
    /// What is taken, that of the document first.
    pub(crate) fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json"],
            Self::MergePatch => &["application/merge-patch+json", "application/json"],
            Self::Form => &["application/x-www-form-urlencoded"],
        }
    }
}

#[derive(Clone)]
pub(crate) struct AnswerSpec {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    pub(crate) schema: Option<RefOr<Schema>>,
    pub(crate) html: bool,
}

/// All that is said about an operation.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks of an operation, not states")]
pub(crate) struct About {
    pub(crate) operation_id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) access: Access,
    pub(crate) keyed: bool,
    pub(crate) idempotent: bool,
    pub(crate) if_match: bool,
    pub(crate) if_none_match: bool,
    pub(crate) etag: bool,
    pub(crate) cached: bool,
    pub(crate) params: Vec<Parameter>,
    pub(crate) body: Option<(BodyKind, RefOr<Schema>)>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) answers: Vec<AnswerSpec>,
    pub(crate) refusals: Vec<Code>,
    pub(crate) documented: bool,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// The constructors, one for each method.
macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident $method:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name<H, F>(operation_id: &'static str, handler: H) -> Self
        where
            H: Fn(S, Request) -> F + Send + Sync + 'static,
            F: Future<Output = Result<Answer, Problem>> + Send + 'static,
        {
            Self::new(Method::$method, operation_id, handler)
        }
    )*};
}

impl<S> Endpoint<S> {
    verbs! {
        /// A GET; HEAD is answered alike, without the body.
        get GET;
        /// A POST.
        post POST;
        /// A PUT.
        put PUT;
        /// A PATCH.
        patch PATCH;
        /// A DELETE.
        delete DELETE;
    }

    fn new<H, F>(method: Method, operation_id: &'static str, handler: H) -> Self
    where
        H: Fn(S, Request) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        Self {
            method,
            handler: Arc::new(move |state, request| Box::pin(handler(state, request))),
            about: About::new(operation_id),
        }
    }

    /// One line for lists.
    #[must_use]
    pub fn summary(mut self, text: &'static str) -> Self {
        self.about.summary = text;
        self
    }

    /// What a reader of the API must know, in Markdown.
    #[must_use]
    pub fn description(mut self, text: &'static str) -> Self {
        self.about.description = text;
        self
    }

    /// The group it stands in.
    #[must_use]
    pub fn tag(mut self, tag: &'static str) -> Self {
        self.about.tag = tag;
        self
    }

    /// Anybody may call, without a token; limited per address.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.about.access = Access::Public;
        self
    }

    /// Whoever signs the message, without a token: the handler verifies the signature and refuses with
    /// [`Code::InvalidSignature`] what it does not believe. What it believes is never limited; what is refused before it
    /// is believed costs its address, so that guessing has a price.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.about.access = Access::Signed;
        self.refuses(&[Code::InvalidSignature])
    }

    /// Whoever shows the service's one API key: the handler compares it.
    #[must_use]
    pub fn keyed(mut self) -> Self {
        self.about.keyed = true;
        self.public().refuses(&[Code::Unauthenticated])
    }

    /// Callers with one of these roles. Without this and [`Self::public`], any valid token.
    #[must_use]
    pub fn roles(mut self, roles: &'static [Role]) -> Self {
        self.about.access = Access::Roles(roles);
        self
    }

    /// Needs an Idempotency-Key.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.about.idempotent = true;
        self.refuses(&[
            Code::IdempotencyKeyMissing,
            Code::MalformedHeader,
            Code::RequestInProgress,
            Code::IdempotencyKeyReused,
        ])
    }

    /// Reads If-Match.
    #[must_use]
    pub fn if_match(mut self) -> Self {
        self.about.if_match = true;
        self.refuses(&[Code::MalformedHeader, Code::StaleVersion, Code::PreconditionRequired])
    }

    /// Reads `If-None-Match: *`.
    #[must_use]
    pub fn if_none_match(mut self) -> Self {
        self.about.if_none_match = true;
        self.refuses(&[Code::StaleVersion])
    }

    /// Its successes carry an `ETag`.
    #[must_use]
    pub fn etag(mut self) -> Self {
        self.about.etag = true;
        self
    }

    /// Its successes are the same for everybody: anybody may keep them for `kit.http.public_max_age_seconds`, and asks
    /// again by their tag (304).
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.about.cached = true;
        self
    }

    /// A parameter in the path; documents 404.
    #[must_use]
    pub fn path_param<T: ToSchema>(mut self, name: &'static str, description: &'static str) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(T::schema()));
        self.about.params.push(parameter.build());
        self.refuses(&[Code::NotFound])
    }

    /// The query's parameters; documents 422.
    #[must_use]
    pub fn query<Q: IntoParams>(mut self) -> Self {
        self.about.params.extend(Q::into_params(|| Some(ParameterIn::Query)));
        self.refuses(&[Code::InvalidField])
    }

    /// A JSON body.
    #[must_use]
    pub fn body<B: ToSchema>(self) -> Self {
        self.takes::<B>(BodyKind::Json).refuses(&[Code::MalformedJson, Code::UnknownField])
    }

    /// A JSON Merge Patch (RFC 7396), also taken as `application/json`.
    #[must_use]
    pub fn merge_patch<B: ToSchema>(self) -> Self {
        self.takes::<B>(BodyKind::MergePatch).refuses(&[Code::MalformedJson, Code::UnknownField])
    }

    /// A form, `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn form<B: ToSchema>(self) -> Self {
        self.takes::<B>(BodyKind::Form)
    }

    fn takes<B: ToSchema>(mut self, kind: BodyKind) -> Self {
        let schema = self.about.schema_of::<B>();
        self.about.body = Some((kind, schema));
        self.refuses(&[
            Code::InvalidField,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::RequestTimeout,
        ])
    }

    /// The longest body in bytes, if not the setting `kit.http.body_limit_bytes`.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.about.body_limit = Some(bytes);
        self
    }

    /// A success with a JSON body.
    #[must_use]
    pub fn answers<T: ToSchema>(mut self, status: u16, description: &'static str) -> Self {
        let schema = Some(self.about.schema_of::<T>());
        self.about.answers.push(AnswerSpec { status, description, schema, html: false });
        self
    }

    /// A success without a body.
    #[must_use]
    pub fn answers_empty(mut self, status: u16, description: &'static str) -> Self {
        self.about.answers.push(AnswerSpec { status, description, schema: None, html: false });
        self
    }

    /// A success as a page: alone, or beside the JSON of the same status for who accepts `text/html`.
    #[must_use]
    pub fn answers_html(mut self, status: u16, description: &'static str) -> Self {
        self.about.answers.push(AnswerSpec { status, description, schema: None, html: true });
        self
    }

    /// Problems it may answer with, beyond those the kit documents itself.
    #[must_use]
    pub fn refuses(mut self, codes: &[Code]) -> Self {
        self.about.refusals.extend(codes);
        self
    }

    /// Not in OpenAPI.
    #[must_use]
    pub fn undocumented(mut self) -> Self {
        self.about.documented = false;
        self
    }
}

impl About {
    fn new(operation_id: &'static str) -> Self {
        Self {
            operation_id,
            summary: "",
            description: "",
            tag: "",
            access: Access::Roles(&[]),
            keyed: false,
            idempotent: false,
            if_match: false,
            if_none_match: false,
            etag: false,
            cached: false,
            params: Vec::new(),
            body: None,
            body_limit: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            documented: true,
            schemas: Vec::new(),
        }
    }

    /// The name of the scheme by which its callers show who they are, if they must.
    pub(crate) const fn scheme(&self) -> Option<&'static str> {
        match self.access {
            Access::Public if self.keyed => Some(API_KEY),
            Access::Public | Access::Signed => None,
            Access::Roles(_) => Some(BEARER),
        }
    }

    /// Whom it is for: the document of the API stands in parts, one for each audience.
    pub(crate) fn audience(&self) -> &'static str {
        match self.access {
            Access::Signed => "provider",
            Access::Roles([Role::Operator]) => "operators",
            Access::Public | Access::Roles(_) => "partners",
        }
    }

    /// A reference to the named schema, which goes into the components with all it refers to.
    fn schema_of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        T::schemas(&mut self.schemas);
        let name = T::name().into_owned();
        if name.is_empty() {
            return T::schema();
        }
        self.schemas.push((name.clone(), T::schema()));
        RefOr::Ref(Ref::from_schema_name(name))
    }
}
