//! The one list that registers handlers and yields their OpenAPI.

use std::sync::Arc;

use actix_web::http::Method;
use futures::future::BoxFuture;

use super::{About, Answer, Endpoint, Problem, Request};

type Run = Box<dyn Fn(Request) -> BoxFuture<'static, Result<Answer, Problem>> + Send + Sync>;

/// The paths of a service, in the order they are tried.
pub struct Routes<S> {
    pub(crate) resources: Vec<(&'static str, Vec<Endpoint<S>>)>,
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self { resources: Vec::new() }
    }
}

impl<S> Routes<S> {
    /// No paths yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A full path such as `/v1/hotels/{hotel_id}` with the operations on it. A fixed path must stand before a
    /// pattern that also matches it.
    #[must_use]
    pub fn resource(mut self, path: &'static str, endpoints: impl IntoIterator<Item = Endpoint<S>>) -> Self {
        self.resources.push((path, endpoints.into_iter().collect()));
        self
    }

    /// The resources of another list after these.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.resources.extend(other.resources);
        self
    }

    /// Whether any operation needs a token.
    pub(crate) fn needs_tokens(&self) -> bool {
        self.resources.iter().flat_map(|(_, endpoints)| endpoints).any(|one| one.about.access.needs_token())
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Gives the handlers their state.
    pub(crate) fn bind(self, state: &S) -> Vec<Mounted> {
        self.resources
            .into_iter()
            .map(|(path, endpoints)| {
                Mounted::new(
                    path,
                    endpoints.into_iter().map(|endpoint| bind(endpoint, state.clone())).collect(),
                )
            })
            .collect()
    }
}

fn bind<S: Clone + Send + Sync + 'static>(endpoint: Endpoint<S>, state: S) -> (Method, Operation) {
    let handler = endpoint.handler;
    let run: Run = Box::new(move |request| handler(state.clone(), request));
    (endpoint.method, Operation { about: endpoint.about, run })
}

/// An operation that can be run.
pub(crate) struct Operation {
    pub(crate) about: About,
    pub(crate) run: Run,
}

/// A path with its operations.
#[derive(Clone)]
pub(crate) struct Mounted {
    pub(crate) path: &'static str,
    operations: Arc<Vec<(Method, Operation)>>,
    /// The value of `Allow`.
    pub(crate) allow: Arc<str>,
}

impl Mounted {
    fn new(path: &'static str, operations: Vec<(Method, Operation)>) -> Self {
        let mut methods: Vec<&str> = operations.iter().map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        Self { path, allow: methods.join(", ").into(), operations: Arc::new(operations) }
    }

    /// The position of the method's operation.
    pub(crate) fn find(&self, method: &Method) -> Option<usize> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.operations.iter().position(|(own, _)| own == method)
    }

    /// The operation at a position that [`Self::find`] gave.
    pub(crate) fn operation(&self, at: usize) -> Option<&Operation> {
        self.operations.get(at).map(|(_, operation)| operation)
    }
}
