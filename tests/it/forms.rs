//! A browser without scripts: it sees pages and sends forms with the cookie of whoever it belongs to.

use reqwest::redirect::Policy;
use reqwest::{Client, Response};

use super::mailbox::SignedIn;
use super::pages::{BROWSER, check_headers, check_markup};
use super::router::{ADMIN, Router, header};

/// A browser that follows no redirect by itself.
pub struct Browser {
    client: Client,
    url: String,
    pub cookie: String,
}

impl Browser {
    pub fn new(url: &str, cookie: &str) -> Self {
        Self {
            client: Client::builder().redirect(Policy::none()).build().unwrap(),
            url: url.to_owned(),
            cookie: cookie.to_owned(),
        }
    }

    /// The browser of a customer.
    pub fn of(router: &Router, owner: &SignedIn) -> Self {
        Self::new(&router.url, &format!("mr={}", owner.token))
    }

    /// The operator's, signed in with the admin token.
    pub async fn operator(router: &Router) -> Self {
        let mut browser = Self::new(&router.url, "");
        let response = browser.send("/admin/sign-in", &[("token", ADMIN)]).await;
        assert_eq!(response.status(), 303);
        browser.cookie = cookie(&response);
        browser
    }

    pub async fn get(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request
            .header("accept", BROWSER)
            .header("cookie", &self.cookie);
        request.send().await.unwrap()
    }

    pub async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.send_from("same-origin", path, fields).await
    }

    /// Sends a form that stands on a page of some site.
    pub async fn send_from(&self, site: &str, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .header("accept", BROWSER)
            .header("sec-fetch-site", site)
            .header("referer", format!("{}/dashboard/settings", self.url))
            .header("cookie", &self.cookie)
            .header("content-type", "application/x-www-form-urlencoded");
        request.body(body.finish()).send().await.unwrap()
    }

    /// A page of one's own.
    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        checked(path, response).await
    }

    /// A page's text, whatever stands in it.
    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    /// A form that is taken, and where it leads.
    pub async fn done(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let response = self.send(path, fields).await;
        let status = response.status();
        let to = response.headers().get("location").cloned();
        let html = response.text().await.unwrap();
        assert_eq!(status, 303, "{path}: {html}");
        to.unwrap().to_str().unwrap().to_owned()
    }

    /// A form that is refused: the page with what was typed.
    pub async fn refused(&self, path: &str, fields: &[(&str, &str)], status: u16) -> String {
        let response = self.send(path, fields).await;
        assert_eq!(response.status(), status, "{path}");
        let html = checked(path, response).await;
        assert!(html.contains("class=\"wrong\""), "{path}: {html}");
        html
    }
}

async fn checked(path: &str, response: Response) -> String {
    check_headers(path, response.headers());
    assert_eq!(
        header(response.headers(), "cache-control"),
        "no-store",
        "{path}"
    );
    let html = response.text().await.unwrap();
    if path != "/playground" {
        check_markup(path, &html);
    }
    html
}

/// The cookie that a response sets.
pub fn cookie(response: &Response) -> String {
    let cookie = header(response.headers(), "set-cookie");
    cookie.split(';').next().unwrap().to_owned()
}

/// The value of a field as it stands in a page.
pub fn typed(html: &str, name: &str) -> String {
    let at = html.find(&format!("name=\"{name}\"")).unwrap();
    let tag = html[at..].split('>').next().unwrap();
    let value = tag.split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

/// What stands beside a field that is wrong.
pub fn wrong(html: &str, name: &str) -> String {
    let at = html.find(&format!("id=\"{name}-wrong\"")).unwrap();
    html[at..]
        .split('>')
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap()
        .to_owned()
}
